#include "sim/options.h"

#include <algorithm>
#include <thread>

#include <CLI/CLI.hpp>

#include "sim/variants.h"

namespace hivemind::sim {
namespace {

const char* const footer = R"(
Every row of the results is one scenario played in one way with N seeds: dead agents with a 95 % interval, wasted
tokens, makespan and its ratio to the arithmetic lower bound, upstream 429s, waits, Jain's index, utilisation.
daemon/sim/README.md says what each means and lists the keys of a scenario file.)";

void add_common(CLI::App& app, CommandLine& line) {
  app.add_option("--seeds", line.seeds, "simulations per row, seeds 1 to N")->check(CLI::Range(1, 1'000'000));
  app.add_option("--threads", line.threads, "simulations at once; the results are the same")
      ->check(CLI::Range(1, 1024));
  auto* json = app.add_flag_callback(
      "--json", [&line] { line.form = CommandLine::Form::json; }, "a list of objects");
  app.add_flag_callback(
         "--csv", [&line] { line.form = CommandLine::Form::csv; }, "comma-separated values")
      ->excludes(json);
  app.add_option("--plot", line.plot, "an SVG is written here")->type_name("FILE.svg");
}

void add_files(CLI::App& app, CommandLine& line) {
  app.add_option("files", line.files, "scenario files")->required()->type_name("FILE");
  app.add_option("--set", line.settings, "sets a key of the scenario: provider.enforce=bucket, agents.turns=4")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}
}  // namespace

std::optional<CommandLine> parse_command_line(int argc, char** argv, int& exit_status) {
  CommandLine line;
  line.threads = std::max(1u, std::thread::hardware_concurrency());
  CLI::App app("Plays fleets of agents against a simulated provider, with the scheduler of hivemindd between them.",
               "hivemind-sim");
  app.footer(footer);
  app.require_subcommand(1);
  auto* run = app.add_subcommand("run", "one scenario; several --policy or --without give several rows");
  add_files(*run, line);
  add_common(*run, line);
  run->add_option("--policy", line.policies, "who goes next")
      ->check(CLI::IsMember(policies()))
      ->allow_extra_args(false);
  run->add_option("--without", line.without, "switches a primitive off")
      ->check(CLI::IsMember(primitives()))
      ->allow_extra_args(false);
  run->add_option("--client", line.client, "what all agents do with errors, instead of the scenario's")
      ->check(CLI::IsMember({"none", "sdk", "jitter"}));
  run->add_flag("--direct", line.direct, "without HiveMind");
  auto* compare = app.add_subcommand("compare", "scenarios under every policy, side by side");
  add_files(*compare, line);
  add_common(*compare, line);
  auto* paper = app.add_subcommand("paper", "the paper's seven scenarios and its ablation, its figures beside ours");
  add_common(*paper, line);
  paper->add_option("--scenarios", line.scenarios, "where the scenario files are")->type_name("DIR");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  line.command = run->parsed()       ? CommandLine::Command::run
                 : compare->parsed() ? CommandLine::Command::compare
                                     : CommandLine::Command::paper;
  if (line.seeds == 0) line.seeds = line.command == CommandLine::Command::paper ? 30 : 10;
  return line;
}
}  // namespace hivemind::sim
