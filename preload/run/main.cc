// hivemind-run: runs one command under HiveMind. This file is the map; each step is in the header of its name.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <optional>

#include "hivemind/environment.h"
#include "hivemind/version.h"
#include "preload/run/agent.h"
#include "preload/run/capture.h"
#include "preload/run/descriptors.h"
#include "preload/run/examination.h"
#include "preload/run/flags.h"
#include "preload/run/keeper.h"
#include "preload/run/preload_list.h"
#include "preload/run/program.h"
#include "preload/run/program_directory.h"
#include "preload/run/report.h"
#include "preload/run/run_service.h"
#include "preload/run/run_setup.h"
#include "preload/run/say.h"
#include "preload/run/scope.h"
#include "preload/run/signals.h"
#include "preload/run/tap.h"

namespace hivemind::run {
namespace {
constexpr int wrong_usage = 2, refused = 125;

// Once the agent runs, what our parent gave us is the agent's alone: a pipe it closes must be closed.
void let_go_of_inherited(const std::vector<int>& descriptors) {
  for (const int fd : descriptors) ::close(fd);
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO}) ::dup3(null.get(), fd, O_CLOEXEC);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;  // a relay needs two for each connection
  ::setrlimit(RLIMIT_NOFILE, &files);
}

void follow(Agent& agent, Signals& signals, RunService& service) {
  std::vector<pollfd> list;
  while (!agent.ended()) {
    list.assign(1, {signals.fd(), POLLIN, 0});
    service.watch(list);
    ::poll(list.data(), list.size(), service.timeout_ms());
    for (auto signal = signals.next(); signal.number != 0; signal = signals.next()) agent.receive(signal);
    service.turn();
  }
}

std::vector<hm_process> processes_of(RunSetup& run) {
  auto all = run.table.processes();
  if (Entrance* second = run.capture ? run.capture->entrance() : nullptr)
    for (const auto& process : second->table.processes()) all.push_back(process);
  return all;
}

int run_under_hivemind(const Flags& flags, const Program& program, const Choice& choice, const Command& command,
                       RunSetup& run, const ProcessEnvironment& given, const std::vector<int>& inherited,
                       std::optional<Tap>& tap) {
  for (const auto& remark : run.remarks) say(remark);
  const auto started = monotonic_ns();
  auto signals = Signals::take_over();
  auto agent = Agent::start(command, run.agent_environment, signals, run.capture.get(), flags.fail_closed);
  if (agent.pid() < 0) {
    say(failed_to("start a process").sentence);
    run.table.remove();
    return refused;
  }
  if (!agent.not_captured().empty() && !flags.fail_closed)
    say(flags.command[0] + " runs uncaptured: " + agent.not_captured());
  if (!agent.not_captured().empty() && flags.fail_closed)
    say(agent.not_captured() + ", so " + flags.command[0] + " is not run (--fail closed)");
  let_go_of_inherited(inherited);
  agent_has_terminal(true);
  RunService service(std::move(run.link), run.hello, run.listener, run.table, run.daemon, given, run.capture.get());
  follow(agent, signals, service);
  agent_has_terminal(false);

  auto survivors = find_survivors(run.table, run.capture.get(), agent.pid());
  if (survivors.empty()) service.finish_relaying();
  if (tap)
    if (const auto problem = tap->finish(!survivors.empty()); !problem.empty()) say("--tap: " + problem);
  if (flags.explain) {
    const auto what_is = [&](const std::string& name) { return why_not_preloaded(name, given); };
    print_text(processes_text(processes_of(run), agent.pid(), program, choice, what_is));
  }
  if (flags.summary)
    print_text(summary_text(run.hello.name, service.final_summary(), flags.token_budget,
                            (monotonic_ns() - started) / 1'000'000));
  if (survivors.empty() || !leave_keeper(service, run.table, run.capture, signals, agent.pid(), std::move(survivors))) {
    run.table.remove();
    run.capture.reset();
  }
  die_like(agent.status());
}

// --tap. Nothing when it cannot be had, which was said.
std::optional<Tap> start_tap(const Flags& flags, const Program& program, ProcessEnvironment& environment) {
  const auto object = find_object(program_directory(), tap_object);
  auto tap = object ? Tap::start(flags.tap, *object, environment) : Result<Tap>(Problem{object.problem()});
  if (!tap) {
    say("--tap: " + tap.problem());
    return {};
  }
  if (!program.can_preload) say("--tap records nothing of " + flags.command[0] + " itself: it " + program.why_not);
  tap->add_to(environment);
  return std::move(*tap);
}

int run(const std::vector<std::string>& arguments, char** block) {
  fill_standard_descriptors();
  const auto inherited = open_descriptors();
  if (!arguments.empty() && arguments[0] == "--scope")
    return serve_scope({arguments.begin() + 1, arguments.end()}, ProcessEnvironment(block));
  const auto flags = parse_flags(arguments);
  if (!flags) {
    say(flags.problem());
    return wrong_usage;
  }
  if (flags->ask == Flags::Ask::help || flags->ask == Flags::Ask::version) {
    const std::string_view text = flags->ask == Flags::Ask::help ? usage_text : "hivemind-run " HM_VERSION "\n";
    return ::write(STDOUT_FILENO, text.data(), text.size()) < 0 ? 1 : 0;
  }
  ProcessEnvironment environment(block);
  if (flags->ask == Flags::Ask::examine) {
    const auto text = examine(flags->command, environment);
    return ::write(STDOUT_FILENO, text.data(), text.size()) < 0 ? 1 : 0;
  }
  auto found = find_program(flags->command, environment);
  if (const auto* problem = std::get_if<CommandProblem>(&found)) {
    say(problem->sentence);
    return problem->status;
  }
  const auto& program = std::get<Program>(found);
  const Command command{program.path, flags->command};
  if (environment.get(HM_ENV_DISABLE) == "1") return become(command, environment);

  std::optional<Tap> tap;
  if (!flags->tap.empty() && !(tap = start_tap(*flags, program, environment))) return wrong_usage;

  const auto here = [&](Tier tier) { return why_not_here(tier, environment); };
  const Choice choice = choose_tier(program, here, flags->capture);
  if (flags->explain) print_text(program_text(program, choice));
  const auto without_us = [&](const std::string& why) {
    say(why + (flags->fail_closed ? "; not running " : "; running ") + flags->command[0] +
        (flags->fail_closed ? " (--fail closed)" : " without HiveMind"));
    return flags->fail_closed ? refused : become(command, environment);
  };
  if (choice.tier == Tier::none)
    return choice.not_covered.empty() ? become(command, environment) : without_us(choice.not_covered);
  if (!choice.not_covered.empty()) {
    if (flags->fail_closed) {
      say(flags->command[0] + " " + program.why_not + " and cannot be captured, so it is not run (--fail closed)");
      return refused;
    }
    say(flags->command[0] + " " + choice.not_covered);
  }
  auto ready = [&] {
    const FileLimitIsAnError for_now;
    return set_up_run(*flags, choice, environment);
  }();
  if (!ready) return without_us(ready.problem());
  return run_under_hivemind(*flags, program, choice, command, **ready, environment, inherited, tap);
}
}  // namespace
}  // namespace hivemind::run

int main(int argc, char** argv, char** environment) {
  return hivemind::run::run({argv + (argc > 0 ? 1 : 0), argv + argc}, environment);
}
