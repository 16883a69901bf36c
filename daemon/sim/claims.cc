#include "sim/claims.h"

#include "sim/scenario_file.h"
#include "sim/variants.h"

namespace hivemind::sim {
namespace {
struct Estimates {
  const char* words;
  double wide, small, spread;  // AgentGroup::misjudged of both, misjudged_spread
};
constexpr Estimates estimates[] = {{"right", 1, 1, 1},
                                   {"each x0.25 to x4", 1, 1, 4},
                                   {"wide x0.25, small x4", 0.25, 4, 1},
                                   {"wide x4, small x0.25", 4, 0.25, 1}};
const std::vector<std::string> fan_outs{"fan-out", "fan-out-tokens"};

struct Load {
  const char *policy, *scenario, *measure;
};
constexpr Load own_loads[] = {{"program-fcfs", "tools", "completion (s)"},
                              {"las", "las", "completion (s)"},
                              {"deadline", "deadlines", "late agents (%)"},
                              {"fair", "fan-out", "completion (s)"}};
const std::vector<std::string> budgets{"budget", "budget-nested", "budget-fits"};

Scenario misjudged(Scenario scenario, const Estimates& how) {
  for (auto& group : scenario.agents) {
    group.misjudged = group.at_once > 1 ? how.wide : how.small;
    group.misjudged_spread = how.spread;
  }
  return scenario;
}

Case compared(Case one) {
  one.compared_to_ideal = true;
  return one;
}
}  // namespace

Claims play_claims(const std::filesystem::path& folder, std::uint64_t seeds, unsigned threads) {
  const auto load = [&](const std::string& name) { return load_scenario(folder / (name + ".toml"), {}); };
  std::vector<Case> cases;
  for (const auto& name : fan_outs)
    for (const auto& how : estimates)
      for (const char* policy : {"fcfs", "fair"})
        cases.push_back(compared(scheduled(misjudged(load(name), how), policy, "", "")));
  for (const auto& [policy, scenario, measure] : own_loads)
    for (const char* one : {"fcfs", policy}) cases.push_back(scheduled(load(scenario), one, "", ""));
  for (const auto& name : budgets) cases.push_back(scheduled(load(name), "", "", ""));

  const auto rows = play(cases, seeds, threads);
  auto next = rows.begin();
  Claims claims;
  for (std::size_t i = 0; i < fan_outs.size(); ++i)
    for (const auto& how : estimates) {
      claims.fan_outs.push_back({how.words, next[0], next[1]});
      next += 2;
    }
  for (const auto& one : own_loads) {
    claims.loads.push_back({one.measure, next[0], next[1]});
    next += 2;
  }
  claims.budgets.assign(next, rows.end());
  return claims;
}

std::vector<Row> Claims::rows() const {
  std::vector<Row> all;
  for (const auto& one : fan_outs) all.insert(all.end(), {one.fcfs, one.fair});
  for (const auto& one : loads) all.insert(all.end(), {one.fcfs, one.own});
  all.insert(all.end(), budgets.begin(), budgets.end());
  return all;
}
}  // namespace hivemind::sim
