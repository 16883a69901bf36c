// machine.h - what of HiveMind works on this machine for this user, tried out one by one.
#pragma once
#include <vector>

#include "preload/run/finding.h"
#include "preload/run/process_environment.h"

namespace hivemind::run {
std::vector<Finding> look_at_machine(const ProcessEnvironment& environment);
}  // namespace hivemind::run
