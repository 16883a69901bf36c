#include "sim/bounds.h"

#include <algorithm>
#include <cmath>

#include "core/seconds.h"

namespace hivemind::sim {
namespace {
using provider::LimitKind;
using provider::LimitSpec;

double burst(const LimitSpec& limit) {
  const auto amount = static_cast<double>(limit.amount);
  return limit.quantum > Duration::zero() ? std::max(1.0, amount * in_seconds(limit.quantum) / in_seconds(limit.period))
                                          : amount;
}

// When the last of `total` can be taken, if the first is at zero: a window serves its limit at once, a bucket its
// burst.
Duration least(const LimitSpec& limit, double total) {
  const auto amount = static_cast<double>(limit.amount);
  if (limit.kind == LimitKind::window)
    return limit.period * static_cast<std::int64_t>(std::max(0.0, std::ceil(total / amount) - 1));
  return from_seconds(std::max(0.0, total - burst(limit)) / amount * in_seconds(limit.period));
}

// Of the windows that were over when the backlog was, from the first one's beginning to the last one's: idle time
// between two is capacity that was lost.
std::optional<double> window_utilisation(const LimitSpec& limit, const Outcome& outcome) {
  std::optional<Duration> first, current;
  double used = 0, in_current = 0;
  for (const auto& work : outcome.work) {
    if (work.at > outcome.backlog_end) break;
    if (!current || work.at >= *current + limit.period) {
      if (!first) first = work.at;
      used += std::exchange(in_current, 0);
      current = work.at;
    }
    in_current += charge(limit, work);
  }
  if (!first || *first == *current) return std::nullopt;
  return used / (static_cast<double>(limit.amount) * in_seconds(*current - *first) / in_seconds(limit.period));
}

std::optional<double> bucket_utilisation(const LimitSpec& limit, const Outcome& outcome) {
  double used = 0;
  Duration first = Duration::max();
  for (const auto& work : outcome.work) {
    first = std::min(first, work.at);
    if (work.at <= outcome.backlog_end) used += charge(limit, work);
  }
  if (outcome.backlog_end <= first) return std::nullopt;
  const double there = burst(limit) + static_cast<double>(limit.amount) * in_seconds(outcome.backlog_end - first) /
                                          in_seconds(limit.period);
  return used / there;
}

struct Tightest {
  const LimitSpec* limit = nullptr;
  Duration least{};
};
Tightest tightest(const Scenario& scenario, const Outcome& outcome) {
  Tightest found;
  for (const auto& limit : scenario.provider.config.limits) {
    double total = 0;
    for (const auto& work : outcome.work)
      if (work.delivered) total += charge(limit, work);
    if (const auto wait = least(limit, total); wait > found.least) found = {&limit, wait};
  }
  return found;
}
}  // namespace

double charge(const LimitSpec& limit, const Work& work) {
  switch (limit.dimension) {
    case provider::Dimension::requests:
      return 1;
    case provider::Dimension::input_tokens:
      return static_cast<double>(work.input);
    case provider::Dimension::output_tokens:
      return static_cast<double>(work.output);
    case provider::Dimension::tokens:
      return static_cast<double>(work.input + work.cache_read + (limit.charge_max ? work.max_tokens : work.output));
  }
  return 0;
}

const LimitSpec* binding_limit(const Scenario& scenario, const Outcome& outcome) {
  return tightest(scenario, outcome).limit;
}

Bounds bounds(const Scenario& scenario, const Outcome& outcome) {
  Bounds result;
  if (outcome.agents.empty() || outcome.waits.empty()) return result;
  Duration begin = Duration::max(), at_pace{}, in_service{};
  for (const auto& agent : outcome.agents) {
    begin = std::min(begin, agent.began);
    if (!agent.served_at.empty()) at_pace = std::max(at_pace, agent.began + agent.busy);
  }
  for (const auto& work : outcome.work)
    if (work.delivered) in_service += work.took;
  if (const int cap = scenario.provider.config.concurrency_cap; cap > 0)
    at_pace = std::max(at_pace, begin + in_service / cap);

  auto [limit, at_limit] = tightest(scenario, outcome);
  if (limit) at_limit += begin + outcome.shortest_answer;
  result.makespan = std::max(at_pace, at_limit);
  result.limited = limit && at_limit >= at_pace;
  if (result.limited)
    result.utilisation =
        limit->kind == LimitKind::window ? window_utilisation(*limit, outcome) : bucket_utilisation(*limit, outcome);
  return result;
}
}  // namespace hivemind::sim
