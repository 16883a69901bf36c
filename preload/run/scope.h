// scope.h - hivemind-run --scope: captures all that lives in a cgroup, with no command of its own (hivemindctl system).
// Invariants: started by root, which asks the helper; all the rest is done as the user named, who keeps one privilege:
// to see which programs the captured processes are. Ends on SIGTERM, and nothing is captured any more.
#pragma once
#include <string>
#include <vector>

#include "preload/run/process_environment.h"

namespace hivemind::run {
// `arguments`: CGROUP USER READY-FD [UID...]; without UIDs everybody's processes. Writes "ready" or a sentence to
// READY-FD. The exit status.
int serve_scope(const std::vector<std::string>& arguments, const ProcessEnvironment& environment);
}  // namespace hivemind::run
