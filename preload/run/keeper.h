// keeper.h - processes of a run that outlive its command (servers it started, `&`) keep working: a process of ours
// stays behind for them, detached, until the last has ended. The shell gets its prompt back at once.
#pragma once
#include "preload/run/run_service.h"
#include "preload/run/signals.h"

namespace hivemind::run {
// Those processes: they carry the run's id in their environment, or the capture has them. `agent_pid` has ended.
// `capture` may be null.
std::vector<int> find_survivors(const RunTable& table, const Capture* capture, int agent_pid);
// Returns true when a keeper was made: the run is its from now on. Never returns in the keeper.
bool leave_keeper(RunService& service, RunTable& table, std::unique_ptr<Capture>& capture, Signals& signals,
                  int agent_pid, std::vector<int> survivors);
}  // namespace hivemind::run
