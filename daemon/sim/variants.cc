#include "sim/variants.h"

#include <algorithm>
#include <stdexcept>

#include "core/order_policy.h"

namespace hivemind::sim {
namespace {
struct Primitive {
  const char* name;
  bool SchedulerConfig::*on;
};
constexpr Primitive switches[] = {
    {"admission", &SchedulerConfig::admission},   {"rate-limit", &SchedulerConfig::rate_limits},
    {"backpressure", &SchedulerConfig::breakers}, {"budget", &SchedulerConfig::budgets},
    {"priority", &SchedulerConfig::fair_order},   {"retry", &SchedulerConfig::retry},
};

std::string listed(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

std::optional<ClientKind> client_of(const std::string& name) {
  for (const auto kind : {ClientKind::none, ClientKind::sdk, ClientKind::jitter})
    if (name == to_string(kind)) return kind;
  if (name.empty()) return std::nullopt;
  throw std::invalid_argument("no client is called \"" + name + "\"; there are none, sdk, jitter");
}

std::string clients_of(const Scenario& scenario, const std::string& chosen) {
  if (!chosen.empty()) return chosen;
  const auto first = scenario.agents.front().client;
  for (const auto& group : scenario.agents)
    if (group.client != first) return "mixed";
  return std::string(to_string(first));
}
}  // namespace

const std::vector<std::string>& policies() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto name : policy_names()) all.emplace_back(name);
    return all;
  }();
  return names;
}

const std::vector<std::string>& primitives() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& one : switches) all.emplace_back(one.name);
    return all;
  }();
  return names;
}

void set_policy(SchedulerConfig& config, const std::string& name) {
  if (std::find(policies().begin(), policies().end(), name) == policies().end())
    throw std::invalid_argument("no policy is called \"" + name + "\"; there are " + listed(policies()));
  config.policy = name;
}

void switch_off(SchedulerConfig& config, const std::string& primitive) {
  for (const auto& one : switches) {
    if (one.name != primitive) continue;
    config.*one.on = false;
    return;
  }
  throw std::invalid_argument("no primitive is called \"" + primitive + "\"; there are " + listed(primitives()));
}

Case scheduled(Scenario scenario, const std::string& policy, const std::string& without, const std::string& client) {
  Case one;
  one.variant.scheduler = scenario.scheduler;
  one.variant.client = client_of(client);
  if (!policy.empty()) set_policy(one.variant.scheduler, policy);
  if (!without.empty()) switch_off(one.variant.scheduler, without);
  one.policy = one.variant.scheduler.policy;
  one.without = without;
  one.client = clients_of(scenario, client);
  one.scenario = std::move(scenario);
  return one;
}

Case direct(Scenario scenario, const std::string& client) {
  Case one;
  one.variant.direct = true;
  one.variant.client = client_of(client);
  one.policy = "direct";
  one.client = clients_of(scenario, client);
  one.scenario = std::move(scenario);
  return one;
}
}  // namespace hivemind::sim
