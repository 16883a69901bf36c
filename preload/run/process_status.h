// process_status.h - what /proc says about other processes. Any answer may be old the moment it is given.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hivemind::run {
std::string name_of(int pid);               // its comm; empty when it has ended
char state_of(int pid);                     // 'R', 'S', 'T' ...; '\0' when there is no such process
bool is_alive(int pid);                     // a zombie is not
bool descends_from(int pid, int ancestor);  // pid itself counts
// Live processes of ours, started after process `first`, that carry NAME=VALUE in their environment; and those of
// `suspects` that do.
std::vector<int> processes_with(std::string_view assignment, int first, const std::vector<int>& suspects);
}  // namespace hivemind::run
