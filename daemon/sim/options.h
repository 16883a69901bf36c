// options.h - the command line.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hivemind::sim {

struct CommandLine {
  enum class Command { run, compare, paper } command = Command::run;
  enum class Form { table, json, csv } form = Form::table;
  std::vector<std::string> files, settings;
  std::vector<std::string> policies, without;  // run: several give several rows
  std::string client;
  bool direct = false;
  std::uint64_t seeds = 0;
  unsigned threads = 1;
  std::string plot, scenarios;
};
// nullopt: the process is to exit with `exit_status` (help, or a mistake that was explained on stderr).
std::optional<CommandLine> parse_command_line(int argc, char** argv, int& exit_status);
}  // namespace hivemind::sim
