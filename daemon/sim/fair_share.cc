#include "sim/fair_share.h"

#include <algorithm>
#include <cmath>

#include "core/order_policy.h"
#include "core/seconds.h"
#include "sim/bounds.h"

namespace hivemind::sim {
namespace {

class Fluid {
public:
  explicit Fluid(std::vector<double> weights) : weights_(std::move(weights)), left_(weights_.size()), ended_(left_) {}

  void arrive(std::size_t flow, double cost) { left_[flow] += cost; }
  void serve(double cost) {
    while (cost > tiny) {
      double weight = 0, step = cost;
      for (std::size_t i = 0; i < left_.size(); ++i)
        if (left_[i] > tiny) weight += weights_[i];
      if (weight <= 0) return;
      for (std::size_t i = 0; i < left_.size(); ++i)
        if (left_[i] > tiny) step = std::min(step, left_[i] * weight / weights_[i]);
      served_ += step;
      cost -= step;
      for (std::size_t i = 0; i < left_.size(); ++i) {
        if (left_[i] <= tiny) continue;
        left_[i] -= step * weights_[i] / weight;
        if (left_[i] <= tiny) ended_[i] = served_;
      }
    }
  }
  double served() const { return served_; }
  double ended(std::size_t flow) const { return ended_[flow]; }

private:
  static constexpr double tiny = 1e-9;
  const std::vector<double> weights_;
  std::vector<double> left_, ended_;
  double served_ = 0;
};

// The most that were sent and not yet answered, at any time.
double most_under_way(const Scenario& scenario, const std::vector<Work>& work) {
  std::vector<std::pair<Duration, int>> changes;
  for (const auto& one : work) {
    changes.emplace_back(one.sent, 1);
    changes.emplace_back(one.at + one.took + scenario.provider.way, -1);
  }
  std::sort(changes.begin(), changes.end());
  int now = 0, most = 0;
  for (const auto& [at, change] : changes) most = std::max(most, now += change);
  return most;
}

double wrong_by(const AgentGroup& group) {
  return std::max(group.misjudged, 1 / group.misjudged) * group.misjudged_spread;
}
}  // namespace

std::optional<Lateness> lateness(const Scenario& scenario, const Outcome& outcome) {
  const auto* limit = binding_limit(scenario, outcome);
  if (!limit || outcome.work.empty()) return std::nullopt;
  std::vector<Work> sent = outcome.work, asked = outcome.work;
  std::stable_sort(sent.begin(), sent.end(), [](const Work& a, const Work& b) { return a.sent < b.sent; });
  std::stable_sort(asked.begin(), asked.end(), [](const Work& a, const Work& b) { return a.asked < b.asked; });

  std::vector<double> weights, ended(outcome.agents.size());
  double all_weights = 0;
  for (const auto& agent : outcome.agents) all_weights += weights.emplace_back(scenario.agents[agent.group].weight);
  Fluid ideal(weights);
  auto next = asked.begin();
  double largest = 0;
  for (const auto& work : sent) {
    for (; next != asked.end() && next->asked <= work.sent; ++next) ideal.arrive(next->agent, charge(*limit, *next));
    const double cost = charge(*limit, work);
    largest = std::max(largest, cost);
    ideal.serve(cost);
    ended[work.agent] = ideal.served();
  }

  double wrong = 1;
  for (const auto& group : scenario.agents) wrong = std::max(wrong, wrong_by(group));
  const double leash = fair_leash * static_cast<double>(limit->amount) / largest;
  const double under_way = most_under_way(scenario, sent), competitors = static_cast<double>(weights.size() - 1);
  std::optional<Lateness> worst;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    Lateness agent{(ended[i] - ideal.ended(i)) / largest, 1};
    if (wrong > 1)
      agent.bound += (under_way + competitors) * (wrong - 1) + (all_weights - weights[i]) / weights[i] * leash;
    if (!worst || agent.bound - agent.requests < worst->bound - worst->requests) worst = agent;
  }
  return worst;
}
}  // namespace hivemind::sim
