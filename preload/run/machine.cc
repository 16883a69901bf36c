#include "preload/run/machine.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "hivemind/environment.h"
#include "preload/run/capture.h"
#include "preload/run/directories.h"
#include "preload/run/handover.h"
#include "preload/run/listener.h"
#include "preload/run/preload_list.h"
#include "preload/run/program_directory.h"
#include "preload/run/run_table.h"
#include "preload/run/trust.h"

namespace hivemind::run {
namespace {
using State = Finding::State;

Finding look_at_kernel() {
  utsname name{};
  ::uname(&name);
  const auto listener = open_listener();
  if (!listener) return {"kernel", State::broken, std::string(name.release) + ": " + listener.problem(), {}};
  return {"kernel", State::ok, std::string(name.release) + " " + name.machine, {}};
}

Finding look_at_cgroups() {
  for (const char* path : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    struct statfs status {};
    if (::statfs(path, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC)
      return {"cgroup2", State::ok, std::string("mounted at ") + path, {}};
  }
  return {"cgroup2", State::note, "not mounted, so no eBPF capture", "mount -t cgroup2 none /sys/fs/cgroup"};
}

// Whether a dynamic program that is given the object announces itself in a table: ourselves, as `--version`.
bool is_loaded(const std::string& object, RunTable& table) {
  const std::string assignments[] = {"LD_PRELOAD=" + object, HM_ENV_TABLE "=" + table.path(),
                                     "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0"};
  std::vector<char*> environment;
  for (const auto& assignment : assignments) environment.push_back(const_cast<char*>(assignment.c_str()));
  environment.push_back(nullptr);
  char name[] = "hivemind-run", version[] = "--version";
  char* const arguments[] = {name, version, nullptr};
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), fd);
    ::execve("/proc/self/exe", arguments, environment.data());
    ::_exit(127);
  }
  if (child < 0) return false;
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  const auto processes = table.processes();
  return std::any_of(processes.begin(), processes.end(), [&](const hm_process& process) {
    return process.pid == child && (process.tiers & HM_PRELOADED) != 0;
  });
}

Finding look_at_preload(const Result<Directories>& directories) {
  const auto object = find_preload_object(program_directory());
  if (!object) return {"preload", State::broken, object.problem(), "make install, or build it beside hivemind-run"};
  if (!directories) return {"preload", State::ok, *object + " is there", {}};
  const auto runs = own_directory(directories->runtime + "/" HM_RUNS_DIR);
  auto table = runs ? RunTable::create(*runs, static_cast<std::uint64_t>(::getpid()), 1) : Problem{runs.problem()};
  if (!table) return {"preload", State::broken, table.problem(), {}};
  const bool loaded = is_loaded(*object, *table);
  table->remove();
  if (loaded) return {"preload", State::ok, *object + " loads", {}};
  return {"preload", State::broken, *object + " is there, and programs do not load it",
          "build or install it again; LD_DEBUG=libs says what the loader thinks of it"};
}

Finding look_at_tier(Tier tier, const char* remedy, const ProcessEnvironment& environment) {
  const auto why = why_not_here(tier, environment);
  if (why.empty()) return {name_of(tier), State::ok, "can be had", {}};
  return {name_of(tier), State::note, why, remedy};
}

void look_at_directories(const Result<Directories>& directories, std::vector<Finding>& all) {
  if (!directories) {
    all.push_back({"directories", State::broken, directories.problem(), {}});
    return;
  }
  all.push_back({"directories", State::ok, directories->runtime + " and " + directories->state, {}});
}

Finding look_at_roots() {
  const auto bundle = find_system_bundle();
  if (bundle.empty()) return {"trust", State::broken, "no system roots found", "apt-get install ca-certificates"};
  return {"trust", State::ok, "system roots in " + bundle, {}};
}

Finding look_at_daemon(const Result<Directories>& directories) {
  if (!directories) return {"daemon", State::broken, "cannot be reached without its directory", {}};
  const auto socket = connect_daemon(directories->runtime);
  if (!socket) return {"daemon", State::broken, socket.problem(), "hivemindctl stop, or end it by its pid"};
  if (*socket) return {"daemon", State::ok, "runs", {}};
  const std::string program = program_directory() + "/hivemindd";
  if (::access(program.c_str(), X_OK) != 0)
    return {"daemon", State::broken, failed_to("run " + program).sentence, "make install, or build it"};
  return {"daemon", State::ok, "none runs; hivemind-run starts one", {}};
}

void look_at_environment(const ProcessEnvironment& environment, std::vector<Finding>& all) {
  if (environment.get(HM_ENV_DISABLE) == "1")
    all.push_back(
        {"environment", State::broken, HM_ENV_DISABLE "=1 is set: hivemind-run does nothing", "unset " HM_ENV_DISABLE});
  for (const char* name : {"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"})
    if (!environment.get_or(name, "").empty())
      all.push_back({"environment", State::note,
                     std::string(name) + " is set: programs that honour it go to that proxy, past HiveMind",
                     std::string("unset ") + name + ", or list the LLM hosts in NO_PROXY"});
}
}  // namespace

std::vector<Finding> look_at_machine(const ProcessEnvironment& environment) {
  std::vector<Finding> all{look_at_kernel(), look_at_cgroups()};
  const auto directories = open_directories(environment);
  look_at_directories(directories, all);
  look_at_environment(environment, all);
  all.push_back(look_at_preload(directories));
  all.push_back(look_at_tier(Tier::seccomp, "", environment));
  all.push_back(look_at_tier(
      Tier::ebpf, "ebpf/README.md: hivemind-ebpf beside hivemind-run, with cap_bpf and cap_net_admin", environment));
  all.push_back(look_at_tier(Tier::proxy, "", environment));
  all.push_back(look_at_roots());
  all.push_back(look_at_daemon(directories));
  return all;
}
}  // namespace hivemind::run
