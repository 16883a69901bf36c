#include "preload/run/scope.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "preload/run/ebpf_capture.h"
#include "preload/run/ebpf_helper.h"
#include "preload/run/run_service.h"
#include "preload/run/run_setup.h"
#include "preload/run/signals.h"

namespace hivemind::run {
namespace {
// Also for the daemon that is started from here: it tells programs apart that do not trust its certificates.
bool keep_only_looking_into_processes() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  data[0].permitted = data[0].effective = data[0].inheritable = 1u << CAP_SYS_PTRACE;
  return ::syscall(SYS_capset, &header, data) == 0 &&
         ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_PTRACE, 0, 0) == 0;
}

std::string become_user(const std::string& name) {
  const passwd* user = ::getpwnam(name.c_str());
  if (!user) return "there is no user " + name;
  ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (::initgroups(user->pw_name, user->pw_gid) != 0 || ::setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
      ::setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0 || !keep_only_looking_into_processes())
    return failed_to("become " + name).sentence;
  return {};
}

void tell(int ready, const std::string& sentence) {
  const std::string line = sentence + "\n";
  if (::write(ready, line.data(), line.size()) < 0) return;
  ::close(ready);
}

Result<std::unique_ptr<RunSetup>> set_up(const std::string& cgroup, const std::string& user,
                                         const ProcessEnvironment& environment) {
  auto helper = EbpfHelper::ask(monotonic_ns(), cgroup);
  if (!helper) return Problem{helper.problem()};
  if (const auto problem = become_user(user); !problem.empty()) return Problem{problem};
  use_for_capture(std::move(*helper));
  Flags flags;
  flags.name = "system";
  flags.command = {cgroup};
  return set_up_run(flags, Choice{Tier::ebpf, {}, {}, false}, environment);
}

bool told_to_end(Signals& signals) {
  for (auto signal = signals.next(); signal.number != 0; signal = signals.next())
    if (signal.number == SIGTERM || signal.number == SIGINT) return true;
  return false;
}
}  // namespace

int serve_scope(const std::vector<std::string>& arguments, const ProcessEnvironment& environment) {
  if (arguments.size() < 3) return 2;
  const int ready = std::atoi(arguments[2].c_str());
  auto run = set_up(arguments[0], arguments[1], environment);
  if (!run) {
    tell(ready, run.problem());
    return 1;
  }
  hm_kernel_table& kernel = *(*run)->capture->entrance()->table.kernel();
  const auto uids = std::min<std::size_t>(arguments.size() - 3, HM_UID_COUNT);
  for (std::size_t i = 0; i < uids; ++i)
    kernel.uids[i] = static_cast<std::uint32_t>(std::strtoul(arguments[3 + i].c_str(), nullptr, 10));
  kernel.uid_count = static_cast<std::uint32_t>(uids);
  kernel.shared = 1;
  kernel.exempt_uid = ::getuid();
  kernel.exempt_count = 1;

  auto signals = Signals::take_over();
  RunService service(std::move((*run)->link), (*run)->hello, (*run)->listener, (*run)->table, (*run)->daemon,
                     environment, (*run)->capture.get());
  tell(ready, "ready");
  for (std::vector<pollfd> list; !told_to_end(signals); service.turn()) {
    list.assign(1, {signals.fd(), POLLIN, 0});
    service.watch(list);
    ::poll(list.data(), list.size(), service.timeout_ms());
  }
  (*run)->table.remove();
  (*run)->capture.reset();
  return 0;
}
}  // namespace hivemind::run
