// config_sections.h - parts of hivemind.toml that other files hold too: a scenario of hivemind-sim has the same
// [scheduler]. `where` names the section in messages. Throws ConfigError (config_file.h).
#pragma once
#include <string>

#include "control/config_reader.h"
#include "core/scheduler_config.h"

namespace hivemind {
void read_scheduler(const toml::table& table, SchedulerConfig& into, const std::string& file);
void read_provider(const toml::table& table, ProviderSeed& into, const std::string& where, const std::string& file);
// [budget] and every [[group]] of the table that `at` reads.
void read_budgets(ConfigReader& at, SchedulerConfig& into, const std::string& file);
}  // namespace hivemind
