// seccomp_probe.h - whether connects can be supervised here, found out by supervising one.
#pragma once
#include <string>

namespace hivemind::run {
// Why not, or empty. Starts a process for the moment, in which the filter ends.
std::string why_no_supervision();
}  // namespace hivemind::run
