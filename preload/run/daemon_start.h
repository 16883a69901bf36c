// daemon_start.h - a connection to the user's daemon, which is started when there is none.
// Invariant: of any number of runs that find no daemon at once, one starts it; the others wait for that one.
#pragma once
#include <string>

#include "preload/run/handover.h"
#include "preload/run/process_environment.h"

namespace hivemind::run {
struct DaemonCommand {
  std::string program;  // absolute path of hivemindd
  std::string config;   // absolute, or empty
  std::string runtime_directory, state_directory;
};
// Waits for a start at most 15 s. `environment` is what the daemon inherits, without what is meant for agents.
Result<UniqueFd> reach_daemon(const DaemonCommand& command, const ProcessEnvironment& environment);
}  // namespace hivemind::run
