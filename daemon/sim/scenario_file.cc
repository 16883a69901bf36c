#include "sim/scenario_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "control/config_file.h"
#include "control/config_reader.h"
#include "control/config_sections.h"
#include "sim/provider/model_text.h"

namespace hivemind::sim {
namespace {
constexpr std::string_view listed_in = "daemon/sim/README.md";
constexpr std::int64_t many = 10'000'000;
const Choices dialects{"anthropic", "openai"};

// `key` is a text in a notation of its own; what `parse` throws is said with the line.
template <class Parse>
void notation(ConfigReader& at, std::string_view key, Parse parse) {
  std::string text;
  at.text(key, text);
  if (text.empty()) return;
  try {
    parse(text);
  } catch (const std::invalid_argument& error) {
    at.fail(key, std::string(key) + ": " + error.what());
  }
}

template <class Parse>
void notations(ConfigReader& at, std::string_view key, Parse parse) {
  std::vector<std::string> texts;
  at.texts(key, texts);
  try {
    for (const auto& text : texts) parse(text);
  } catch (const std::invalid_argument& error) {
    at.fail(key, std::string(key) + ": " + error.what());
  }
}

void enforce(const std::string& how, std::vector<provider::LimitSpec>& limits) {
  for (auto& limit : limits) {
    limit.kind = how == "window" ? provider::LimitKind::window : provider::LimitKind::bucket;
    limit.quantum = how == "per-second" ? Duration(1s) : Duration{};
  }
}

void read_outage(const toml::table& table, Outage& into, const std::string& file) {
  ConfigReader at(table, "provider.outage.", file, listed_in);
  notation(at, "begin", [&](const auto& text) { into.begin = provider::parse_duration(text); });
  at.duration("length", into.length);
  notation(at, "fault", [&](const auto& text) { into.fault = provider::parse_fault(text); });
  at.reject_unknown();
  if (into.length <= Duration::zero() || into.fault.kind == provider::FaultKind::none)
    at.fail("length", "an outage has a length and a fault; add what is missing");
}

void read_provider_model(const toml::table& table, Provider& into, const std::string& file) {
  ConfigReader at(table, "provider.", file, listed_in);
  auto& model = into.config;
  at.choice("dialect", into.dialect, dialects);
  at.text("model", into.model);
  notations(at, "limits", [&](const auto& text) { model.limits.push_back(provider::parse_limit(text)); });
  std::string how;
  at.choice("enforce", how, {"window", "bucket", "per-second"});
  if (!how.empty()) enforce(how, model.limits);
  at.integer("concurrency", model.concurrency_cap, {0, many});
  at.integer("acceleration", model.acceleration, {0, many});
  notation(at, "latency", [&](const auto& text) { provider::parse_latency(text, model); });
  notation(at, "spikes", [&](const auto& text) { provider::parse_spikes(text, model); });
  notation(at, "output_tokens", [&](const auto& text) { provider::parse_output_tokens(text, model); });
  notation(at, "token_time", [&](const auto& text) { into.token_time = provider::parse_duration(text); });
  notations(at, "faults", [&](const auto& text) { model.faults.push_back(provider::parse_fault_rate(text)); });
  notation(at, "cache_ttl", [&](const auto& text) { model.cache_ttl = provider::parse_duration(text); });
  notation(at, "way", [&](const auto& text) { into.way = provider::parse_duration(text); });
  notation(at, "way_jitter", [&](const auto& text) { into.way_jitter = provider::parse_duration(text); });
  at.flag("announces", into.announces);
  at.flag("retry_after", into.retry_after);
  for (const auto* section : at.sections("outage")) {
    into.outages.emplace_back();
    read_outage(*section, into.outages.back(), file);
  }
  at.reject_unknown();
}

void read_agents(const toml::table& table, AgentGroup& into, const std::vector<AgentGroup>& earlier,
                 const std::string& file) {
  ConfigReader at(table, "agents.", file, listed_in);
  at.text("name", into.name);
  at.integer("count", into.count, {1, 1'000'000});
  at.integer("turns", into.turns, {1, 1'000'000});
  at.integer("at_once", into.at_once, {1, 100'000});
  at.integer("system_tokens", into.system_tokens, {0, many});
  at.integer("turn_tokens", into.turn_tokens, {0, many});
  at.integer("max_tokens", into.max_tokens, {1, many});
  notation(at, "output_tokens", [&](const auto& text) {
    provider::ModelConfig model;
    provider::parse_output_tokens(text, model);
    into.output_mean = model.output_mean;
    into.output_deviation = model.output_deviation;
  });
  at.flag("cached", into.cached);
  at.flag("shared_system", into.shared_system);
  notation(at, "tool", [&](const auto& text) { into.tool = Distribution::parse(text); });
  notation(at, "begin", [&](const auto& text) { into.begin = provider::parse_duration(text); });
  notation(at, "spread", [&](const auto& text) { into.spread = provider::parse_duration(text); });
  at.duration("timeout", into.timeout);
  at.flag("tells_timeout", into.tells_timeout);
  at.real("misjudged", into.misjudged, {0.01, 100});
  at.real("misjudged_spread", into.misjudged_spread, {1, 100});
  at.flag("one_run", into.one_run);
  at.text("within", into.within);
  at.text("team", into.team);
  std::string client(to_string(into.client)), priority = "normal";
  at.choice("client", client, {"none", "sdk", "jitter"});
  into.client = client == "none" ? ClientKind::none : client == "sdk" ? ClientKind::sdk : ClientKind::jitter;
  const Choices priorities{"critical", "high", "normal", "low"};
  at.choice("priority", priority, priorities);
  into.priority = static_cast<Priority>(std::find(priorities.begin(), priorities.end(), priority) - priorities.begin());
  at.real("weight", into.weight, {0.001, 1000});
  at.limit("token_budget", into.token_budget);
  Duration deadline{};
  at.duration("deadline", deadline);
  if (deadline > Duration::zero()) into.deadline = deadline;
  at.reject_unknown();
  const auto is_outer = [&](const AgentGroup& group) { return group.name == into.within; };
  if (!into.within.empty() && std::none_of(earlier.begin(), earlier.end(), is_outer))
    at.fail("within", "agents.within is \"" + into.within + "\"; name a group of agents that stands before this one");
}

void read_published(const toml::table& table, Published& into, const std::string& file) {
  ConfigReader at(table, "published.", file, listed_in);
  const auto share = [&at](const char* key, std::optional<double>& into_share) {
    constexpr double absent = -2;
    double value = absent;
    at.real(key, value, {-1, 1});
    if (value > absent) into_share = value;
  };
  share("direct_dead", into.direct_dead);
  share("hivemind_dead", into.hivemind_dead);
  share("waste_change", into.waste_change);
  at.reject_unknown();
}

Scenario read_scenario(const toml::table& table, const std::string& file) {
  Scenario scenario;
  scenario.name = std::filesystem::path(file).stem();
  scenario.scheduler = default_config().scheduler;
  ConfigReader at(table, "", file, listed_in);
  at.text("about", scenario.about);
  at.duration("longest", scenario.longest);
  if (const auto* section = at.section("provider")) read_provider_model(*section, scenario.provider, file);
  if (const auto* section = at.section("scheduler")) read_scheduler(*section, scenario.scheduler, file);
  if (const auto* section = at.section("seed"))
    read_provider(*section, scenario.scheduler.seeds[scenario.provider.dialect], "seed", file);
  if (const auto* section = at.section("published")) read_published(*section, scenario.published, file);
  read_budgets(at, scenario.scheduler, file);
  for (const auto* section : at.sections("agents")) {
    AgentGroup group;
    read_agents(*section, group, scenario.agents, file);
    scenario.agents.push_back(std::move(group));
  }
  at.reject_unknown();
  if (scenario.agents.empty()) throw ConfigError(file + ": there are no agents; add [[agents]]");
  return scenario;
}

toml::table parse_toml(std::string_view text, const std::string& name) {
  try {
    return toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    throw ConfigError(name + ":" + std::to_string(error.source().begin.line) +
                      ": not TOML: " + std::string(error.description()));
  }
}

void merge(toml::table& into, const toml::table& from) {
  for (const auto& [key, value] : from) {
    auto* old = into.get(key);
    if (old && old->is_table() && value.is_table()) {
      merge(*old->as_table(), *value.as_table());
    } else if (old && old->is_array_of_tables() && value.is_table()) {
      for (auto& element : *old->as_array()) merge(*element.as_table(), *value.as_table());
    } else {
      value.visit([&](const auto& node) { into.insert_or_assign(key, node); });
    }
  }
}

// "a.b=c" is TOML, or is so once c is quoted.
toml::table parse_setting(const std::string& setting) {
  const auto equals = setting.find('=');
  if (equals == setting.npos || equals == 0)
    throw ConfigError("--set " + setting + ": write key=value, as in provider.enforce=bucket");
  try {
    return toml::parse(setting);
  } catch (const toml::parse_error&) {
    return parse_toml(setting.substr(0, equals) + " = \"" + setting.substr(equals + 1) + '"', "--set " + setting);
  }
}
}  // namespace

Scenario parse_scenario(std::string_view toml, const std::string& name, const std::vector<std::string>& settings) {
  auto table = parse_toml(toml, name);
  auto scenario = read_scenario(table, name);
  for (const auto& setting : settings) {
    merge(table, parse_setting(setting));
    try {
      scenario = read_scenario(table, name);
    } catch (const ConfigError& error) {
      throw ConfigError("--set " + setting + ": " + error.what());
    }
  }
  return scenario;
}

Scenario load_scenario(const std::filesystem::path& file, const std::vector<std::string>& settings) {
  errno = 0;
  const std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in.is_open() || std::filesystem::is_directory(file))
    throw ConfigError(file.string() + ": cannot be read: " + std::strerror(errno ? errno : EISDIR));
  return parse_scenario(text.str(), file, settings);
}
}  // namespace hivemind::sim
