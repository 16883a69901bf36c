#include "preload/run/run_setup.h"

#include <sys/random.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "hivemind/environment.h"
#include "hivemind/tap_ring.h"
#include "preload/run/bundle.h"
#include "preload/run/command_line.h"
#include "preload/run/preload_list.h"
#include "preload/run/program_directory.h"
#include "preload/run/proxy.h"
#include "preload/run/trust.h"

namespace hivemind::run {
namespace {
template <std::size_t N>
void put(char (&field)[N], std::string_view text) {
  const auto fitting = cut_utf8(text, N - 1);
  fitting.copy(field, fitting.size());
}

std::uint64_t random_id() {
  std::uint64_t id = 0;
  while (id == 0)
    if (::getrandom(&id, sizeof id, 0) != static_cast<ssize_t>(sizeof id))
      id = monotonic_ns() ^ static_cast<std::uint64_t>(::getpid()) << 40;
  return id;
}

hm_hello greeting(const Flags& flags, const ProcessEnvironment& environment) {
  hm_hello hello{};
  hello.message = {HM_HELLO, HM_HANDOVER_VERSION};
  hello.run_id = random_id();
  hello.parent_run_id = std::strtoull(environment.get_or(HM_ENV_RUN, "0").c_str(), nullptr, 16);
  hello.pid = ::getpid();
  hello.priority = static_cast<std::uint32_t>(flags.priority);
  hello.weight_milli = flags.weight_milli;
  hello.fail_closed = flags.fail_closed ? 1 : 0;
  hello.token_budget = flags.token_budget;
  hello.deadline_ms = HM_NONE;
  if (flags.deadline_ms) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    hello.deadline_ms = now.tv_sec * 1000 + now.tv_nsec / 1'000'000 + *flags.deadline_ms;
  }
  const std::string_view command = flags.command[0];
  put(hello.name, flags.name.empty() ? command.substr(command.rfind('/') + 1) : flags.name);
  put(hello.command, show_command(flags.command));
  return hello;
}

// What an exec gets back into LD_PRELOAD: the tap (tap.h) stands beside the preload object, and before it.
std::string with_tap(const ProcessEnvironment& environment, const std::string& object) {
  if (!environment.get(HM_ENV_TAP)) return object;
  return object.substr(0, object.rfind('/') + 1).append(tap_object).append(":").append(object);
}

// `object`: the preload object, empty for runs without it.
Result<bool> set_up_environment(RunSetup& run, const Directories& directories, const std::string& object,
                                bool as_proxy) {
  const std::string roots = run.link.ack.root_bundle;
  if (roots.empty() || ::access(roots.c_str(), R_OK) != 0) return failed_to("read the daemon's roots " + roots);
  ProcessEnvironment& environment = run.agent_environment;
  const auto bundles = bundle_directory(directories, environment);
  if (!bundles) return Problem{bundles.problem()};
  const bool is_public = *bundles == HM_PUBLIC_BUNDLES_DIR;
  const auto readable_roots = is_public ? copy_of(roots, *bundles) : Result<std::string>(roots);
  if (!readable_roots) return Problem{readable_roots.problem()};
  auto trust = make_trust(environment, BundleStore(*bundles, *readable_roots), find_system_bundle());
  if (!trust) return Problem{trust.problem()};
  run.remarks.insert(run.remarks.end(), trust->remarks.begin(), trust->remarks.end());

  std::vector<std::pair<std::string, std::string>> all{{HM_ENV_TABLE, run.table.path()},
                                                       {HM_ENV_RUN, run_name(run.hello.run_id)}};
  all.insert(all.end(), trust->assignments.begin(), trust->assignments.end());
  if (run.capture)
    if (auto mark = run.capture->mark(); !mark.first.empty()) all.push_back(std::move(mark));
  if (!object.empty()) {
    all.emplace_back(HM_ENV_PRELOAD, with_tap(environment, object));
    if (const auto ring = environment.get(HM_ENV_TAP)) all.emplace_back(HM_ENV_TAP, *ring);
    all.emplace_back("ASAN_OPTIONS", with_link_order_unchecked(environment.get_or("ASAN_OPTIONS", "")));
  }
  if (as_proxy) {
    const auto proxy = proxy_assignments(run.table.memory(), environment);
    all.insert(all.end(), proxy.begin(), proxy.end());
  }
  std::vector<std::string> lines;
  for (const auto& [name, value] : all) {
    environment.set(name, value);
    lines.push_back(name + "=" + value);
  }
  run.table.write_environment(lines);
  if (!object.empty()) environment.set("LD_PRELOAD", append_preload(environment.get_or("LD_PRELOAD", ""), object));
  return true;
}

// A daemon reads the configuration that it was started with, whatever a later run asks for.
std::string remark_on_config(const std::string& wanted, std::uint32_t in_use) {
  if (wanted.empty() || in_use == 0) return {};
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(wanted.c_str(), nullptr), std::free);
  if (hm_path_hash(real ? real.get() : wanted.c_str()) == in_use) return {};
  return wanted + " has no effect: the daemon that runs was started with another configuration; `hivemindctl stop` " +
         "first, or give this run a daemon of its own by " HM_ENV_RUNTIME_DIR;
}

std::vector<int> handed_over(RunSetup& run) {
  std::vector<int> descriptors{run.listener.socket.get(), run.table.fd()};
  if (Entrance* second = run.capture ? run.capture->entrance() : nullptr)
    descriptors.insert(descriptors.end(), {second->listener.socket.get(), second->table.fd()});
  return descriptors;
}
}  // namespace

Result<std::unique_ptr<RunSetup>> set_up_run(const Flags& flags, const Choice& choice,
                                             const ProcessEnvironment& environment) {
  const std::string programs = program_directory();
  std::string object;
  if (choice.tier == Tier::preload || choice.preload_beside) {
    const auto found = find_preload_object(programs);
    if (!found) return Problem{found.problem()};
    object = *found;
  }
  const auto directories = open_directories(environment);
  if (!directories) return Problem{directories.problem()};
  const auto runs = own_directory(directories->runtime + "/" HM_RUNS_DIR);
  if (!runs) return Problem{runs.problem()};

  const std::string config = flags.config.empty() ? environment.get_or(HM_ENV_CONFIG, "") : flags.config;
  DaemonCommand daemon{programs + "/hivemindd", config.empty() ? "" : absolute_path(config), directories->runtime,
                       directories->state};
  auto listener = open_listener();
  if (!listener) return Problem{listener.problem()};
  auto socket = reach_daemon(daemon, environment);
  if (!socket) return Problem{socket.problem()};
  const auto hello = greeting(flags, environment);
  auto table = RunTable::create(*runs, hello.run_id, listener->port);
  if (!table) return Problem{table.problem()};
  auto run = std::make_unique<RunSetup>(
      RunSetup{hello, std::move(*listener), std::move(*table), {}, std::move(daemon), environment, {}, {}});
  if (choice.tier == Tier::proxy) open_proxy(run->table.memory());
  const auto without = [&run](const std::string& problem) {
    run->table.remove();
    return Problem{problem};
  };
  if (const auto proxied = why_no_proxy(environment); !proxied.empty())
    run->remarks.push_back(proxied + ": what honours it goes there, past HiveMind, but for hosts that NO_PROXY lists");
  auto capture = start_capture(choice.tier, CaptureOf{run->table, run->listener, directories->runtime});
  if (!capture) return without(capture.problem());
  run->capture = std::move(*capture);
  auto link = hand_over(std::move(*socket), hello, handed_over(*run));
  if (!link) return without(link.problem());
  run->link = std::move(*link);
  if (auto remark = remark_on_config(run->daemon.config, run->link.ack.config); !remark.empty())
    run->remarks.push_back(std::move(remark));
  if (const auto set = set_up_environment(*run, *directories, object, choice.tier == Tier::proxy); !set)
    return without(set.problem());
  return run;
}
}  // namespace hivemind::run
