#include "control/config_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "control/config_reader.h"
#include "control/config_sections.h"
#include "control/config_values.h"
#include "control/directories.h"
#include "core/order_policy.h"

namespace hivemind {
namespace {

const Choices dialects{"anthropic", "openai", "ollama", "generic"};
constexpr std::string_view any_other = "other";  // [provider.other]: dialects without a section of their own

Choices policies() {
  const auto names = policy_names();
  return {names.begin(), names.end()};
}

// Each describe_* names the keys of one table, once: ConfigReader reads by it, KeyLister lists by it.
void describe_top(auto& at, Config& c) {
  at.ports("ports", c.ports);
  at.hosts("hosts", c.hosts);
  at.choice("log_level", c.log_level, {"error", "warn", "info", "debug"});
}

void describe_timeouts(auto& at, Config& c) {
  at.duration("connect", c.connect_timeout);
  at.duration("head", c.head_timeout);
  at.duration("upstream_idle", c.upstream_idle);
  at.duration("response", c.response_timeout);
  at.duration("stall", c.stall_timeout);
  at.duration("drain", c.drain);
}

void describe_limits(auto& at, Config& c) {
  at.size("max_body", c.max_body);
  at.size("max_buffered", c.max_buffered);
}

void describe_scheduler(auto& at, SchedulerConfig& c) {
  at.duration("minute", c.minute);
  at.flag("admission", c.admission);
  at.flag("rate_limits", c.rate_limits);
  at.flag("breakers", c.breakers);
  at.flag("budgets", c.budgets);
  at.flag("fair_order", c.fair_order);
  at.flag("retry", c.retry);
  at.choice("policy", c.policy, policies());
  at.flag("slow_start", c.slow_start);
  at.flag("class_order", c.class_order);
  at.flag("keep_place", c.keep_place);
  at.flag("long_windows", c.long_windows);
  at.real("pace_from", c.pace_from, {0, 1});
  at.flag("acceleration", c.acceleration);
  at.integer("acceleration_floor", c.acceleration_floor, {1, 1'000'000'000'000});
  at.flag("cache_siblings", c.cache_siblings);
  at.flag("cache_expiry", c.cache_expiry);
  at.duration("remember", c.remember);
  at.real("reservation_quantile", c.reservation_quantile, {0, 1});
  at.flag("calibration", c.calibration);
  at.integer("max_attempts", c.max_attempts, {1, 1000});
  at.real("retry_budget", c.retry_budget, {0, 100});
  at.integer("retry_floor", c.retry_floor, {0, 1000000});
  at.duration("backoff_base", c.backoff_base);
  at.duration("backoff_cap", c.backoff_cap);
  at.duration("max_hold", c.max_hold);
  at.real("client_timeout_margin", c.client_timeout_margin, {0.1, 1});
  at.duration("max_cooldown", c.max_cooldown);
  at.duration("breaker_open", c.breaker_open);
  at.duration("breaker_open_cap", c.breaker_open_cap);
  at.integer("breaker_failures", c.breaker_failures, {1, 1000000});
  at.duration("aging_step", c.aging_step);
  at.integer("max_queue", c.max_queue, {1, 10000000});
  at.integer("seed", c.seed, {0, std::numeric_limits<std::int64_t>::max()});
}

void describe_provider(auto& at, ProviderSeed& seed) {
  at.limit("requests_per_minute", seed.requests_per_minute);
  at.limit("input_tokens_per_minute", seed.input_tokens_per_minute);
  at.limit("output_tokens_per_minute", seed.output_tokens_per_minute);
  at.limit("tokens_per_minute", seed.tokens_per_minute);
  at.integer("concurrency", seed.concurrency, {1, 100000});
  at.integer("max_concurrency", seed.max_concurrency, {1, 100000});
  at.real("increase", seed.increase, {0.001, 1000});
  at.real("decrease", seed.decrease, {0.01, 0.99});
}

void describe_budget(auto& at, SchedulerConfig& c) {
  at.limit("day", c.day_budget);
  at.limit("total", c.total_budget);
}

void describe_group(auto& at, std::string& name, std::optional<std::int64_t>& tokens) {
  at.text("name", name);
  at.limit("tokens", tokens);
}

void describe_upstream(auto& at, UpstreamOverride& upstream) {
  at.host("host", upstream.host, true);
  at.host("address", upstream.address, false);
  at.port("port", upstream.port);
  at.readable_file("ca_file", upstream.ca_file);
  at.flag("plain", upstream.plain);
  at.choice("dialect", upstream.dialect, dialects);
}

}  // namespace

void read_scheduler(const toml::table& table, SchedulerConfig& scheduler, const std::string& file) {
  ConfigReader at(table, "scheduler.", file);
  describe_scheduler(at, scheduler);
  at.reject_unknown();
  if (scheduler.backoff_cap < scheduler.backoff_base)
    at.fail("backoff_cap", "scheduler.backoff_cap is shorter than backoff_base; raise it");
  if (scheduler.breaker_open_cap < scheduler.breaker_open)
    at.fail("breaker_open_cap", "scheduler.breaker_open_cap is shorter than breaker_open; raise it");
}

void read_provider(const toml::table& table, ProviderSeed& into, const std::string& where, const std::string& file) {
  ConfigReader at(table, where + ".", file);
  describe_provider(at, into);
  at.reject_unknown();
  if (into.max_concurrency < into.concurrency)
    at.fail("max_concurrency", where + ": concurrency is above max_concurrency; raise max_concurrency");
}

namespace {
void read_providers(const toml::table& table, std::map<std::string, ProviderSeed>& seeds, const std::string& file) {
  ConfigReader providers(table, "provider.", file);
  // A dialect without a seed of its own starts from what holds for any other, so that is read first.
  const auto read = [&](std::string_view name, const std::string& dialect) {
    const auto* section = providers.section(name);
    if (!section) return;
    ProviderSeed& seed = seeds.try_emplace(dialect, seeds[""]).first->second;
    read_provider(*section, seed, "provider." + std::string(name), file);
  };
  read(any_other, "");
  for (const auto& dialect : dialects) read(dialect, dialect);
  providers.reject_unknown();
}

void read_groups(const std::vector<const toml::table*>& tables, std::map<std::string, std::int64_t>& budgets,
                 const std::string& file) {
  for (const auto* table : tables) {
    ConfigReader at(*table, "group.", file);
    std::string name;
    std::optional<std::int64_t> tokens;
    describe_group(at, name, tokens);
    at.reject_unknown();
    if (name.empty() || name.find('/') != name.npos)
      at.fail("name", "this [[group]] needs a name without a slash: what the names of its runs begin with");
    if (budgets.contains(name)) at.fail("name", "a second [[group]] \"" + name + "\"; merge the two");
    if (tokens) budgets[name] = *tokens;
  }
}

}  // namespace

void read_budgets(ConfigReader& at, SchedulerConfig& into, const std::string& file) {
  if (const auto* budget = at.section("budget")) {
    ConfigReader section(*budget, "budget.", file);
    describe_budget(section, into);
    section.reject_unknown();
  }
  read_groups(at.sections("group"), into.group_budgets, file);
}

namespace {
void read_upstreams(const std::vector<const toml::table*>& tables, std::vector<UpstreamOverride>& upstreams,
                    const std::string& file) {
  std::set<std::string> seen;
  for (const auto* table : tables) {
    ConfigReader at(*table, "upstream.", file);
    UpstreamOverride upstream;
    describe_upstream(at, upstream);
    at.reject_unknown();
    if (upstream.host.empty()) at.fail("host", "this [[upstream]] has no host; name the host it is for");
    if (!seen.insert(upstream.host).second)
      at.fail("host", "a second [[upstream]] for \"" + upstream.host + "\"; merge the two");
    if (upstream.plain && !upstream.ca_file.empty())
      at.fail("ca_file", "this [[upstream]] is plain, so its ca_file is never used; remove one of the two");
    upstreams.push_back(std::move(upstream));
  }
}

Config read_file(const toml::table& table, const std::string& file) {
  Config config = default_config();
  ConfigReader at(table, "", file);
  describe_top(at, config);
  if (const auto* timeouts = at.section("timeouts")) {
    ConfigReader section(*timeouts, "timeouts.", file);
    describe_timeouts(section, config);
    section.reject_unknown();
  }
  if (const auto* limits = at.section("limits")) {
    ConfigReader section(*limits, "limits.", file);
    describe_limits(section, config);
    section.reject_unknown();
    if (config.max_buffered < config.max_body)
      section.fail("max_buffered", "limits.max_buffered is below max_body; raise it");
  }
  if (const auto* scheduler = at.section("scheduler")) read_scheduler(*scheduler, config.scheduler, file);
  if (const auto* providers = at.section("provider")) read_providers(*providers, config.scheduler.seeds, file);
  read_budgets(at, config.scheduler, file);
  read_upstreams(at.sections("upstream"), config.upstreams, file);
  at.reject_unknown();
  return config;
}

std::optional<std::string> slurp(const std::filesystem::path& file) {
  errno = 0;
  const std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();  // sets text's failbit when nothing came, also from an empty file
  if (!in.is_open() || std::filesystem::is_directory(file)) return std::nullopt;
  return text.str();
}
}  // namespace

Config default_config() {
  Config config;
  // Concurrency as HiveMind (arXiv 2604.17111) starts with. Its rates are those of one account tier of 2026: an account
  // whose provider announces its limits does not need them, and one whose provider does not would be held to them for
  // ever. So no rate is believed until a header, a rejection or the user's configuration names it.
  const auto seed = [&](const char* dialect, int concurrency, double increase, double decrease) {
    ProviderSeed& s = config.scheduler.seeds[dialect];
    s.concurrency = concurrency;
    s.increase = increase;
    s.decrease = decrease;
  };
  seed("anthropic", 5, 0.5, 0.5);
  seed("openai", 10, 1.0, 0.5);
  seed("ollama", 2, 0.5, 0.7);
  seed("", 5, 0.5, 0.5);
  return config;
}

Config parse_config(std::string_view toml, const std::string& name) {
  try {
    return read_file(toml::parse(toml, name), name);
  } catch (const toml::parse_error& error) {
    throw ConfigError(name + ":" + std::to_string(error.source().begin.line) +
                      ": not TOML: " + std::string(error.description()));
  }
}

Config load_config(const std::filesystem::path& file) {
  const auto text = slurp(file);
  if (!text) throw ConfigError(file.string() + ": cannot be read: " + std::strerror(errno ? errno : EISDIR));
  return parse_config(*text, file);
}

Config load_config(const Directories& directories) {
  std::error_code ec;
  if (!directories.config_named && !std::filesystem::exists(directories.config_file, ec)) return default_config();
  return load_config(directories.config_file);
}

std::vector<std::string> known_config_keys() {
  std::vector<std::string> keys;
  Config config;
  ProviderSeed seed;
  UpstreamOverride upstream;
  const auto list = [&](const char* prefix, auto describe, auto& into) {
    KeyLister at(prefix, keys);
    describe(at, into);
  };
  list(
      "", [](auto& at, auto& into) { describe_top(at, into); }, config);
  list(
      "timeouts.", [](auto& at, auto& into) { describe_timeouts(at, into); }, config);
  list(
      "limits.", [](auto& at, auto& into) { describe_limits(at, into); }, config);
  list(
      "scheduler.", [](auto& at, auto& into) { describe_scheduler(at, into); }, config.scheduler);
  list(
      "budget.", [](auto& at, auto& into) { describe_budget(at, into); }, config.scheduler);
  std::string group;
  std::optional<std::int64_t> tokens;
  list(
      "group.", [&](auto& at, auto& into) { describe_group(at, group, into); }, tokens);
  list(
      "provider.NAME.", [](auto& at, auto& into) { describe_provider(at, into); }, seed);
  list(
      "upstream.", [](auto& at, auto& into) { describe_upstream(at, into); }, upstream);
  return keys;
}
}  // namespace hivemind
