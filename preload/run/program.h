// program.h - what CMD is: found as a shell finds it, followed through `#!`, launchers (`env`, `timeout`) and npm's
// shims, judged by what it can be captured with.
#pragma once
#include <string>
#include <vector>

#include "preload/run/process_environment.h"
#include "preload/run/result.h"

namespace hivemind::run {
struct Program {
  std::string path;                // to exec
  std::vector<std::string> steps;  // for --explain: "/usr/bin/x is a script of /usr/bin/node", ...
  bool can_preload = true;
  std::string why_not;    // "is a static program", when it cannot
  bool elevated = false;  // it runs with more rights than its caller
};

struct CommandProblem {
  int status;  // 126: there and cannot be run; 127: not found
  std::string sentence;
};
// `words`: the command and its arguments; not empty.
std::variant<Program, CommandProblem> find_program(const std::vector<std::string>& words,
                                                   const ProcessEnvironment& environment);
// Why the program that `command` names does not load the preload object ("is a static program"); empty: not known.
std::string why_not_preloaded(const std::string& command, const ProcessEnvironment& environment);
// The path of `command`, searched on PATH when it has no slash.
std::variant<std::string, CommandProblem> search_path(const std::string& command,
                                                      const ProcessEnvironment& environment);
}  // namespace hivemind::run
