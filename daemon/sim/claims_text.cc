// The claims as tables, each line with its verdict.
#include "sim/claims.h"
#include "sim/report.h"

namespace hivemind::sim {
namespace {
constexpr double wanted_completion = 0.6, wanted_over_reserved = 2.5;

std::string verdict(bool holds) { return holds ? "holds" : "DOES NOT HOLD"; }
std::string interval(const Measure& m) {
  return decimal(m.mean, 1) + " (" + decimal(m.low, 1) + " to " + decimal(m.high, 1) + ")";
}

std::string fan_out_text(const Claims& claims) {
  std::vector<std::vector<std::string>> lines{
      {"scenario", "estimates", "", "fcfs", "fair", "ratio", "later by", "bound"}};
  for (const auto& one : claims.fan_outs) {
    const double ratio = one.fair.completion / one.fcfs.completion;
    const auto late = one.fair.late.value_or(Lateness{});
    lines.push_back({one.fair.scenario, one.estimates,
                     verdict(ratio <= wanted_completion && late.requests <= late.bound && one.fair.dead == 0),
                     decimal(one.fcfs.completion, 1) + " s", decimal(one.fair.completion, 1) + " s", decimal(ratio, 2),
                     decimal(late.requests, 2), decimal(late.bound, 1)});
  }
  return "Forty calls of one agent beside nine small agents: mean completion at most " + decimal(wanted_completion, 1) +
         " of fcfs, and nobody later\nthan under ideal fair sharing by more than the bound (both in largest requests; "
         "the seed that comes closest)\n\n" +
         columns(lines, 3);
}

std::string loads_text(const Claims& claims) {
  std::vector<std::vector<std::string>> lines{{"policy", "its load", "", "measure", "fcfs", "with it", "less by"}};
  for (const auto& one : claims.loads) {
    const auto &fcfs = one.fcfs.measure(one.measure), &own = one.own.measure(one.measure);
    lines.push_back({one.own.policy, one.own.scenario, verdict(own.high < fcfs.low), one.measure, interval(fcfs),
                     interval(own), percent(1 - own.mean / fcfs.mean)});
  }
  return "Each policy on the load of its own paper, beside fcfs: better, and 95 % intervals apart\n\n" +
         columns(lines, 4);
}

std::string budgets_text(const Claims& claims) {
  std::vector<std::vector<std::string>> lines{
      {"scenario", "", "budgets overshot", "used at most", "agents stopped", "set aside / used"}};
  for (const auto& row : claims.budgets) {
    const bool fits = row.scenario == "budget-fits";
    const double over = row.over_reserved.value_or(0);
    const bool holds = row.overshoots == 0 && row.dead == 0 && over <= wanted_over_reserved &&
                       (fits ? row.over_budget == 0 : row.over_budget > 0);
    lines.push_back({row.scenario, verdict(holds), std::to_string(row.overshoots) + " in " + std::to_string(row.seeds),
                     percent(row.budget_used), std::to_string(row.over_budget) + " of " + std::to_string(row.agents),
                     decimal(over, 2)});
  }
  return "Budgets with sixteen requests at once: never overshot, nobody refused where all fits (budget-fits), at "
         "most " +
         decimal(wanted_over_reserved, 1) + " times\nset aside of what is used in the end\n\n" + columns(lines, 2);
}
}  // namespace

std::string as_text(const Claims& claims) {
  return fan_out_text(claims) + "\n" + loads_text(claims) + "\n" + budgets_text(claims);
}
}  // namespace hivemind::sim
