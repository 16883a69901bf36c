// The paper's figures beside ours, in words and columns.
#include <algorithm>
#include <cmath>

#include "sim/paper.h"
#include "sim/report.h"
#include "sim/statistics.h"

namespace hivemind::sim {
namespace {

// What the paper reports of replay-11, one run of 11 agents each.
struct PublishedAblation {
  const char* without;
  double dead;
};
constexpr PublishedAblation published_ablation[] = {
    {"", 0}, {"admission", 0}, {"rate-limit", 0}, {"backpressure", 0.091}, {"retry", 0.636}};

std::string shown(const std::optional<double>& share) { return share ? percent(*share) : "-"; }
std::string dead_share(const Row& row) {
  return percent(row.agents ? static_cast<double>(row.dead) / static_cast<double>(row.agents) : 0);
}

// The paper's share comes from one run of that many agents. As published: the two intervals overlap.
bool as_published(double share, int agents, const Row& row) {
  const auto once = wilson(static_cast<std::uint64_t>(std::lround(share * agents)), static_cast<std::uint64_t>(agents));
  return once.low <= row.dead_high && row.dead_low <= once.high;
}

std::string verdict(const PaperScenario& scenario) {
  const auto& direct = scenario.direct.front();
  const bool same = as_published(scenario.published.direct_dead.value_or(0), scenario.agents, direct);
  std::string text = same ? "direct as published" : "direct DOES NOT REPRODUCE";
  const auto ours = scenario.ours.front().dead;
  const auto theirs = scenario.published.hivemind_dead.value_or(0);
  if (ours == 0)
    text += theirs > 0 ? "; ours: none dead where theirs lost some" : "; none dead";
  else
    text += "; OURS LOSES AGENTS";
  return text;
}

std::string waste_change(const PaperScenario& scenario) {
  const double before = scenario.direct.front().wasted_tokens, after = scenario.ours.front().wasted_tokens;
  return before > 0 ? percent(after / before - 1) : "-";
}

std::string beside(const Paper& paper) {
  std::vector<std::vector<std::string>> lines{{"scenario", "verdict", "direct: paper", "ours, 0 retries", "2 retries",
                                               "10 retries", "HiveMind: paper", "ours, window", "bucket", "per second",
                                               "waste: paper", "ours"}};
  for (const auto& s : paper.scenarios) {
    lines.push_back({s.name, verdict(s), shown(s.published.direct_dead)});
    for (const auto& row : s.direct) lines.back().push_back(dead_share(row));
    lines.back().push_back(shown(s.published.hivemind_dead));
    for (const auto& row : s.ours) lines.back().push_back(dead_share(row));
    lines.back().push_back(shown(s.published.waste_change));
    lines.back().push_back(waste_change(s));
  }
  return columns(lines, 2);
}

// Every measure on which the intervals lie apart, the costs first.
std::string difference(const Row& whole, const Row& without) {
  std::string costs, gains;
  for (const auto& a : whole.measures) {
    for (const auto& b : without.measures) {
      if (std::string_view(a.name) != b.name) continue;
      const int digits = std::max(std::abs(a.mean), std::abs(b.mean)) < 10 ? 2 : 0;
      const auto words = std::string(b.name) + " " + decimal(b.mean, digits) + " (" + decimal(b.low, digits) + " to " +
                         decimal(b.high, digits) + ") for " + decimal(a.mean, digits) + " (" + decimal(a.low, digits) +
                         " to " + decimal(a.high, digits) + ")";
      if (b.low > a.high) costs += (costs.empty() ? "" : "; ") + words;
      if (b.high < a.low) gains += (gains.empty() ? "" : "; ") + words;
    }
  }
  if (costs.empty() && gains.empty()) return "no difference that these seeds can tell";
  return (costs.empty() ? "costs nothing" : "costs: " + costs) + (gains.empty() ? "" : ". Saves: " + gains);
}

std::string published_line(const Row& row, std::uint64_t seeds) {
  for (const auto& one : published_ablation) {
    if (row.without != one.without) continue;
    const auto once = wilson(static_cast<std::uint64_t>(std::lround(one.dead * 11)), 11);
    return "  paper: " + percent(one.dead) + " dead, one run of 11 (" + decimal(100 * once.low, 0) + "-" +
           percent(once.high, 0) + "); ours in " + std::to_string(seeds) + " runs: " + dead_share(row) + " (" +
           decimal(100 * row.dead_low, 1) + "-" + percent(row.dead_high) + ")" +
           (as_published(one.dead, 11, row) ? ": reproduces" : ": DOES NOT REPRODUCE") + "\n";
  }
  return "";
}

std::string ablation_text(const Paper& paper) {
  std::string text;
  for (const auto& ablation : paper.ablations) {
    const bool papers_own = &ablation == &paper.ablations.front();
    text += "\n" + ablation.whole.scenario + "\n";
    if (papers_own) text += " nothing switched off\n" + published_line(ablation.whole, paper.seeds);
    for (const auto& row : ablation.without) {
      text += " without " + row.without + ": " + difference(ablation.whole, row) + "\n";
      if (papers_own) text += published_line(row, paper.seeds);
    }
  }
  return text;
}
}  // namespace

std::string as_text(const Paper& paper) {
  std::vector<Row> rows;
  for (const auto& scenario : paper.scenarios) {
    rows.insert(rows.end(), scenario.direct.begin(), scenario.direct.end());
    rows.insert(rows.end(), scenario.ours.begin(), scenario.ours.end());
  }
  return "The seven scenarios of arXiv 2604.17111, seeds 1 to " + std::to_string(paper.seeds) +
         " each.\n\nDead agents, the paper's figures beside ours (the paper's direct agents never retry)\n\n" +
         beside(paper) +
         "\nEverything measured; \"direct\" is without HiveMind, \"/ bound\" and \"used\" only mean much where a limit "
         "binds\n\n" +
         as_table(rows) + "\nWithout one primitive: what changes, where 95 % intervals lie apart\n" +
         ablation_text(paper);
}
}  // namespace hivemind::sim
