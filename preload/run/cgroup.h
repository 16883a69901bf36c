// cgroup.h - the run's cgroup (hivemind/ebpf.h), seen from inside.
#pragma once
#include <string>

namespace hivemind::run {
// The nearest directory above `cgroup` that belongs to no run; empty when `cgroup` is not within a run's.
std::string outside_of_runs(const std::string& cgroup);
// Moves this process into the cgroup with that directory, if it may; empty: stays.
void move_to_cgroup(const std::string& directory);
}  // namespace hivemind::run
