#include "sim/experiment.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cmath>
#include <map>
#include <thread>

#include "core/seconds.h"
#include "sim/bounds.h"
#include "sim/statistics.h"

namespace hivemind::sim {
namespace {

// What one simulation adds to a row.
struct Sample {
  std::uint64_t agents = 0, dead = 0, attempts = 0, rejected = 0, warm_attempts = 0, warm_rejected = 0, overshoots = 0,
                over_budget = 0;
  std::uint64_t with_deadline = 0, on_time = 0;
  double wasted = 0, makespan = 0, jain = 0, completion = 0, input = 0;
  bool cached = false;
  std::uint64_t completed = 0;
  std::optional<double> ratio, utilisation;
  bool limited = false;
  std::vector<float> waits;
  std::map<std::string, std::uint64_t> died_of;
  double wait_p99 = 0;
  double budget_used = 0, set_aside = 0, turned_out = 0;
  std::optional<Lateness> late;
};

// Service by weight at the time when the first agent has all it wanted: until then all of them had something to ask.
double fairness(const Scenario& scenario, const Outcome& outcome) {
  Duration until = Duration::max();
  for (const auto& agent : outcome.agents)
    if (agent.turns == scenario.agents[agent.group].turns) until = std::min(until, agent.ended);
  std::vector<double> shares;
  for (const auto& agent : outcome.agents) {
    const auto served = std::upper_bound(agent.served_at.begin(), agent.served_at.end(), until);
    shares.push_back(static_cast<double>(served - agent.served_at.begin()) / scenario.agents[agent.group].weight);
  }
  return jain(shares);
}

Sample sample(const Case& one, std::uint64_t seed) {
  Outcome outcome = Simulation(one.scenario, one.variant, seed).run();
  Sample s;
  s.agents = outcome.agents.size();
  s.attempts = outcome.attempts;
  s.rejected = outcome.rejected;
  s.warm_attempts = outcome.warm_attempts;
  s.warm_rejected = outcome.warm_rejected;
  s.wasted = static_cast<double>(outcome.wasted_tokens);
  s.makespan = in_seconds(outcome.makespan);
  s.jain = fairness(one.scenario, outcome);
  const auto bound = bounds(one.scenario, outcome);
  if (bound.makespan > Duration::zero()) s.ratio = s.makespan / in_seconds(bound.makespan);
  s.utilisation = bound.utilisation;
  s.limited = bound.limited;
  for (const auto& work : outcome.work) {
    s.input += static_cast<double>(work.input);
    s.cached = s.cached || work.cache_read > 0;
  }
  for (const auto& agent : outcome.agents) {
    const auto& group = one.scenario.agents[agent.group];
    const bool finished = agent.turns == group.turns;
    s.over_budget += agent.over_budget;
    if (agent.dead) {
      ++s.dead;
      ++s.died_of[agent.died_of];
    }
    if (finished) {
      ++s.completed;
      s.completion += in_seconds(agent.ended - agent.began);
    }
    if (group.deadline) {
      ++s.with_deadline;
      s.on_time += finished && agent.ended - agent.began <= *group.deadline;
    }
  }
  for (const auto& budget : outcome.budgets) {
    s.overshoots += budget.used > budget.limit;
    s.budget_used = std::max(s.budget_used, static_cast<double>(budget.used) / static_cast<double>(budget.limit));
  }
  s.set_aside = static_cast<double>(outcome.bounded_by);
  s.turned_out = static_cast<double>(outcome.bounded);
  if (one.compared_to_ideal) s.late = lateness(one.scenario, outcome);
  s.waits = std::move(outcome.waits);
  s.wait_p99 = quantile(s.waits, 0.99);
  return s;
}

Measure measure(const char* name, const std::vector<Sample>& samples, double (*of)(const Sample&)) {
  const auto n = static_cast<double>(samples.size());
  double sum = 0, squares = 0;
  for (const auto& s : samples) sum += of(s) / n;
  for (const auto& s : samples) squares += (of(s) - sum) * (of(s) - sum);
  const double half = n > 1 ? 1.96 * std::sqrt(squares / (n - 1) / n) : 0;
  return {name, sum, sum - half, sum + half};
}

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::vector<Measure> measures(const std::vector<Sample>& samples) {
  return {
      measure("overshot budgets", samples, [](const Sample& s) { return static_cast<double>(s.overshoots); }),
      measure("late agents (%)", samples,
              [](const Sample& s) { return 100 * share(s.with_deadline - s.on_time, s.with_deadline); }),
      measure("wasted tokens", samples, [](const Sample& s) { return s.wasted; }),
      measure("makespan (s)", samples, [](const Sample& s) { return s.makespan; }),
      measure("completion (s)", samples,
              [](const Sample& s) { return s.completed ? s.completion / static_cast<double>(s.completed) : 0; }),
      measure("upstream 429s (%)", samples, [](const Sample& s) { return 100 * share(s.rejected, s.attempts); }),
      measure("upstream requests", samples, [](const Sample& s) { return static_cast<double>(s.attempts); }),
      measure("wait p99 (s)", samples, [](const Sample& s) { return s.wait_p99; }),
      measure("unfairness, 1 - Jain (%)", samples, [](const Sample& s) { return 100 * (1 - s.jain); }),
  };
}

Row summed_up(const Case& one, std::vector<Sample>& samples) {
  Row row;
  row.scenario = one.scenario.name;
  row.policy = one.policy;
  row.without = one.without;
  row.client = one.client;
  row.seeds = samples.size();
  const auto n = static_cast<double>(samples.size());
  std::uint64_t attempts = 0, rejected = 0, warm_attempts = 0, warm_rejected = 0, limited = 0, with_deadline = 0,
                on_time = 0, completed = 0;
  double ratio = 0, utilisation = 0, set_aside = 0, turned_out = 0;
  int ratios = 0, utilisations = 0;
  std::vector<float> waits;
  std::map<std::string, std::uint64_t> died_of;
  for (auto& s : samples) {
    row.agents += s.agents;
    row.dead += s.dead;
    row.wasted_tokens += s.wasted / n;
    row.makespan += s.makespan / n;
    row.jain += s.jain / n;
    row.overshoots += s.overshoots;
    row.over_budget += s.over_budget;
    row.budget_used = std::max(row.budget_used, s.budget_used);
    set_aside += s.set_aside;
    turned_out += s.turned_out;
    if (s.late && (!row.late || s.late->bound - s.late->requests < row.late->bound - row.late->requests))
      row.late = s.late;
    row.completion += s.completion;
    row.input += s.input / static_cast<double>(samples.size());
    row.cached = row.cached || s.cached;
    completed += s.completed;
    attempts += s.attempts;
    rejected += s.rejected;
    warm_attempts += s.warm_attempts;
    warm_rejected += s.warm_rejected;
    limited += s.limited;
    with_deadline += s.with_deadline;
    on_time += s.on_time;
    if (s.ratio) ratio += *s.ratio, ++ratios;
    if (s.utilisation) utilisation += *s.utilisation, ++utilisations;
    waits.insert(waits.end(), s.waits.begin(), s.waits.end());
    std::vector<float>().swap(s.waits);
    for (const auto& [reason, count] : s.died_of) died_of[reason] += count;
  }
  const auto interval = wilson(row.dead, row.agents);
  row.measures = measures(samples);
  row.measures.insert(row.measures.begin(),
                      {"dead agents (%)", 100 * share(row.dead, row.agents), 100 * interval.low, 100 * interval.high});
  row.dead_low = interval.low;
  row.dead_high = interval.high;
  if (turned_out > 0) row.over_reserved = set_aside / turned_out;
  if (ratios > 0) row.makespan_ratio = ratio / ratios;
  if (utilisations > 0) row.utilisation = utilisation / utilisations;
  row.limited = 2 * limited > samples.size();
  row.upstream_429_share = share(rejected, attempts);
  if (warm_attempts > 0) row.warm_429_share = share(warm_rejected, warm_attempts);
  if (completed > 0) row.completion /= static_cast<double>(completed);
  if (with_deadline > 0) row.on_time = share(on_time, with_deadline);
  row.wait_p50 = quantile(waits, 0.5);
  row.wait_p99 = quantile(waits, 0.99);
  for (const auto& [reason, count] : died_of) row.died_of.emplace_back(count, reason);
  std::stable_sort(row.died_of.begin(), row.died_of.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  return row;
}
}  // namespace

const Measure& Row::measure(std::string_view name) const {
  const auto found = std::find_if(measures.begin(), measures.end(), [&](const Measure& m) { return name == m.name; });
  assert(found != measures.end());
  return *found;
}

std::vector<Row> play(const std::vector<Case>& cases, std::uint64_t seeds, unsigned threads) {
  std::vector<std::vector<Sample>> samples(cases.size(), std::vector<Sample>(seeds));
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < cases.size() * seeds; i = next++)
      samples[i / seeds][i % seeds] = sample(cases[i / seeds], i % seeds + 1);
  };
  {
    std::vector<std::jthread> helpers;
    for (unsigned t = 1; t < threads; ++t) helpers.emplace_back(work);
    work();
  }
  std::vector<Row> rows;
  for (std::size_t i = 0; i < cases.size(); ++i) rows.push_back(summed_up(cases[i], samples[i]));
  return rows;
}
}  // namespace hivemind::sim
