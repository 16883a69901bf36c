// variants.h - the ways to play a scenario, by the names the command line has for them.
#pragma once
#include <string>
#include <vector>

#include "sim/experiment.h"

namespace hivemind::sim {

const std::vector<std::string>& policies();    // that the scheduler knows
const std::vector<std::string>& primitives();  // that can be switched off
// Both throw std::invalid_argument that names what there is.
void set_policy(SchedulerConfig& config, const std::string& name);
void switch_off(SchedulerConfig& config, const std::string& primitive);

// Under HiveMind; `policy` empty: as the scenario says. `client` empty: as its agents have.
Case scheduled(Scenario scenario, const std::string& policy, const std::string& without, const std::string& client);
Case direct(Scenario scenario, const std::string& client);
}  // namespace hivemind::sim
