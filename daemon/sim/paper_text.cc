// The paper's figures beside ours, in words and columns.
#include <cmath>

#include "sim/paper.h"
#include "sim/report.h"
#include "sim/statistics.h"

namespace hivemind::sim {
namespace {

std::string in_percent(const std::optional<double>& share) { return share ? decimal(100 * *share, 1) : "-"; }
std::string dead(const Row& row) {
  return in_percent(row.agents ? static_cast<double>(row.dead) / static_cast<double>(row.agents) : 0);
}

std::string verdict(const PaperScenario& scenario) {
  const auto& direct = scenario.direct.front();
  const bool same = as_published(scenario.published.direct_dead.value_or(0), scenario.agents, direct);
  std::string text = same ? "reproduces" : "direct DOES NOT REPRODUCE";
  for (const auto& row : scenario.ours)
    if (row.dead > 0) return text + "; OURS LOSES AGENTS";
  return text + "; ours loses none";
}

std::string waste_change(const PaperScenario& scenario) {
  const double before = scenario.direct.front().wasted_tokens, after = scenario.ours.front().wasted_tokens;
  return before > 0 ? in_percent(after / before - 1) : "-";
}

std::string beside(const Paper& paper) {
  std::vector<std::vector<std::string>> lines{
      {"", "direct:", "", "", "", "HiveMind:", "", "", "", "waste:", "", ""},
      {"scenario", "paper", "0 retries", "2", "10", "paper", "window", "bucket", "per second", "paper", "ours", ""}};
  for (const auto& s : paper.scenarios) {
    auto& line = lines.emplace_back(std::vector{s.name, in_percent(s.published.direct_dead)});
    for (const auto& row : s.direct) line.push_back(dead(row));
    line.push_back(in_percent(s.published.hivemind_dead));
    for (const auto& row : s.ours) line.push_back(dead(row));
    line.push_back(in_percent(s.published.waste_change));
    line.push_back(waste_change(s));
    line.push_back(verdict(s));
  }
  return columns(lines, 1);
}
}  // namespace

// The paper's share comes from one run of that many agents.
bool as_published(double share, int agents, const Row& row) {
  const auto once = wilson(static_cast<std::uint64_t>(std::lround(share * agents)), static_cast<std::uint64_t>(agents));
  return once.low <= row.dead_high && row.dead_low <= once.high;
}

std::string as_text(const Paper& paper) {
  std::vector<Row> rows;
  for (const auto& scenario : paper.scenarios) {
    rows.insert(rows.end(), scenario.direct.begin(), scenario.direct.end());
    rows.insert(rows.end(), scenario.ours.begin(), scenario.ours.end());
  }
  return "The seven scenarios of arXiv 2604.17111, seeds 1 to " + std::to_string(paper.seeds) +
         " each\n\nAgents that died, in percent. Direct: the paper's own figure (no retries), then ours with clients "
         "that retry 0, 2 or\n10 times. HiveMind: the paper's own figure, then ours with the limit as a window, as a "
         "bucket, and enforced per\nsecond. Waste: tokens spent in vain under HiveMind, by those spent direct.\n\n" +
         beside(paper) +
         "\nEverything measured. Direct: without HiveMind; / bound: makespan by the arithmetic lower bound; used: of "
         "the limit\nthat binds, where one does\n\n" +
         as_table(rows) + "\n" + ablation_text(paper) + "\n" + as_text(paper.claims);
}
}  // namespace hivemind::sim
