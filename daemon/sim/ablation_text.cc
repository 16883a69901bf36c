// What each primitive is worth: a measure counts where its 95 % intervals lie apart and it changes by a hundredth.
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
constexpr int published_agents = 11;
constexpr PublishedAblation published_ablation[] = {
    {"", 0}, {"admission", 0}, {"rate-limit", 0}, {"backpressure", 0.091}, {"retry", 0.636}};

struct Change {
  Measure with, without;
  bool costs() const { return without.low > with.high && without.mean > with.mean * 1.01; }
  bool saves() const { return without.high < with.low && without.mean < with.mean * 0.99; }
};

std::vector<Change> changes(const Row& whole, const Row& without) {
  std::vector<Change> all;
  for (const auto& a : whole.measures) {
    const Change change{a, without.measure(a.name)};
    if (change.costs() || change.saves()) all.push_back(change);
  }
  std::stable_partition(all.begin(), all.end(), [](const Change& c) { return c.costs(); });
  return all;
}

std::string interval(const Measure& m, int digits) {
  return decimal(m.mean, digits) + " (" + decimal(m.low, digits) + " to " + decimal(m.high, digits) + ")";
}

std::vector<std::string> cells(const Change& change) {
  const double larger = std::max(std::abs(change.with.mean), std::abs(change.without.mean));
  const int digits = larger < 10 ? 2 : larger < 1000 ? 1 : 0;
  return {change.with.name, interval(change.with, digits), interval(change.without, digits)};
}

void append(std::vector<std::string>& line, std::vector<std::string> more) {
  line.insert(line.end(), more.begin(), more.end());
}

// Of each primitive its gravest cost in any scenario: measures are in that order, and within one the largest.
std::string worth(const Paper& paper) {
  std::vector<std::vector<std::string>> lines{{"without", "", "missed most in", "measure", "all on", "without"}};
  for (std::size_t p = 0; p < paper.ablations.front().without.size(); ++p) {
    const std::string& name = paper.ablations.front().without[p].without;
    std::optional<Change> worst;
    std::string where;
    std::ptrdiff_t worst_rank = 0;
    for (const auto& ablation : paper.ablations) {
      for (const auto& change : changes(ablation.whole, ablation.without[p])) {
        if (!change.costs()) continue;
        const auto rank = &ablation.whole.measure(change.with.name) - ablation.whole.measures.data();
        const auto gap = [](const Change& c) { return c.without.low - c.with.high; };
        if (worst && (rank > worst_rank || (rank == worst_rank && gap(change) <= gap(*worst)))) continue;
        worst = change;
        worst_rank = rank;
        where = ablation.whole.scenario;
      }
    }
    auto& line = lines.emplace_back(std::vector{name, std::string(worst ? "costs" : "COSTS NOTHING"), where});
    if (worst) append(line, cells(*worst));
  }
  return columns(lines, 4);
}

std::string published(const Paper& paper) {
  const auto& ablation = paper.ablations.front();
  std::vector<std::vector<std::string>> lines{{"without", "", "paper, one run", "ours"}};
  const auto share = [](double dead, double low, double high) {
    return decimal(100 * dead, 1) + " % (" + decimal(100 * low, 1) + " to " + decimal(100 * high, 1) + ")";
  };
  for (const auto& one : published_ablation) {
    const Row* row = &ablation.whole;
    for (const auto& candidate : ablation.without)
      if (candidate.without == one.without) row = &candidate;
    const auto once = wilson(static_cast<std::uint64_t>(std::lround(one.dead * published_agents)), published_agents);
    lines.push_back(
        {*one.without ? one.without : "nothing",
         as_published(one.dead, published_agents, *row) ? "reproduces" : "DOES NOT REPRODUCE",
         share(one.dead, once.low, once.high),
         share(static_cast<double>(row->dead) / static_cast<double>(std::max<std::uint64_t>(1, row->agents)),
               row->dead_low, row->dead_high)});
  }
  return columns(lines, 2);
}

std::string details(const Paper& paper) {
  constexpr std::size_t most = 4;
  std::vector<std::vector<std::string>> lines{{"scenario", "without", "", "measure", "all on", "without"}};
  std::string same = "\nNo difference that these seeds can tell:\n";
  for (const auto& ablation : paper.ablations) {
    std::string scenario = ablation.whole.scenario, none;
    for (const auto& row : ablation.without) {
      const auto found = changes(ablation.whole, row);
      if (found.empty()) none += (none.empty() ? "" : ", ") + row.without;
      std::string name = row.without;
      for (std::size_t i = 0; i < std::min(most, found.size()); ++i) {
        lines.push_back({std::exchange(scenario, ""), std::exchange(name, ""), found[i].costs() ? "costs" : "saves"});
        append(lines.back(), cells(found[i]));
      }
    }
    if (!none.empty()) same += " " + ablation.whole.scenario + " without " + none + "\n";
  }
  return columns(lines, 4) + same;
}
}  // namespace

std::string ablation_text(const Paper& paper) {
  return "Ablation. One primitive switched off: its gravest cost in any of the scenarios below, means with 95 % "
         "intervals that\nlie apart\n\n" +
         worth(paper) + "\nAgents that died in replay-11, with 95 % intervals\n\n" + published(paper) +
         "\nUp to four changes each, the gravest first; all are in --json\n\n" + details(paper);
}
}  // namespace hivemind::sim
