// scenario_file.h - scenario files: TOML, every key known, the first mistake named with its line.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario.h"

namespace hivemind::sim {

// `settings`: "key=value" in TOML, "provider.enforce=\"bucket\"" or "agents.turns=4" (of every group); quotes around a
// text may be left out. Both throw ConfigError (control/config_file.h).
Scenario load_scenario(const std::filesystem::path& file, const std::vector<std::string>& settings);
Scenario parse_scenario(std::string_view toml, const std::string& name, const std::vector<std::string>& settings);
}  // namespace hivemind::sim
