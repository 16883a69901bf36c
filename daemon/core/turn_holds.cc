#include "core/turn_holds.h"

#include <algorithm>
#include <cmath>

#include "core/seconds.h"

namespace hivemind {
namespace {
constexpr double cold_hold = 1;  // seconds, at most, while too little is known of the gaps
constexpr double newest = 0.1;   // part of T that the newest wait makes
constexpr std::size_t most_agents = 10000;
}  // namespace

void GapHistory::add(double seconds) {
  if (gaps_.size() < memory) {
    gaps_.push_back(seconds);
    return;
  }
  gaps_[next_] = seconds;
  next_ = (next_ + 1) % memory;
}

double GapHistory::best_hold(double gain) const {
  auto sorted = gaps_;
  std::sort(sorted.begin(), sorted.end());
  double best = 0, hold = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double caught = static_cast<double>(i + 1) / static_cast<double>(sorted.size());
    if (const double worth = caught * gain - sorted[i]; worth > best) best = worth, hold = sorted[i];
  }
  return hold;
}

double TurnHolds::eta() const {
  const double spread = (n_ * kk_ - k_ * k_) * (n_ * rr_ - r_ * r_);
  if (spread <= 0) return 1;  // nobody has ended yet, or all alike
  return std::clamp(-(n_ * kr_ - k_ * r_) / std::sqrt(spread), 0.0, 1.0);
}

void TurnHolds::turn_ended(AgentKey agent, double reload, TimePoint now) {
  if (agents_.size() >= most_agents && agents_.count(agent) == 0) return;
  auto& turns = agents_[agent];
  end_hold(agent, turns);
  ++turns.count;
  turns.ended = now;
  const auto& own = runs_[agent.first];
  const auto& known = own.enough_known() ? own : all_;
  const double gain = wait_ * eta() + reload;
  const double hold = known.enough_known() ? known.best_hold(gain) : std::min(cold_hold, gain);
  if (hold <= 0) return;
  // What comes back just then is still in time.
  turns.held_until = now + std::min(longest, from_seconds(hold) + Duration(1));
  holds_.emplace(*turns.held_until, agent);
}

bool TurnHolds::turn_began(AgentKey agent, TimePoint now) {
  const auto found = agents_.find(agent);
  if (found == agents_.end() || !found->second.ended) return false;
  auto& turns = found->second;
  const double gap = in_seconds(now - *turns.ended);
  runs_[agent.first].add(gap);
  all_.add(gap);
  turns.ended.reset();
  const bool held = turns.held_until && now <= *turns.held_until;
  end_hold(agent, turns);
  return held;
}

void TurnHolds::waited(Duration wait) { wait_ += newest * (in_seconds(wait) - wait_); }

void TurnHolds::end_hold(AgentKey agent, Turns& turns) {
  if (!turns.held_until) return;
  const auto [first, last] = holds_.equal_range(*turns.held_until);
  const auto hold = std::find_if(first, last, [&](const auto& h) { return h.second == agent; });
  if (hold != last) holds_.erase(hold);
  turns.held_until.reset();
}

void TurnHolds::run_ended(std::uint64_t run) {
  auto agent = agents_.lower_bound({run, 0});
  while (agent != agents_.end() && agent->first.first == run) {
    end_hold(agent->first, agent->second);
    const auto n = static_cast<double>(agent->second.count);
    const double k = n * (n + 1) / 2, kk = n * (n + 1) * (2 * n + 1) / 6;
    n_ += n;
    k_ += k;
    r_ += n * (n - 1) / 2;
    kk_ += kk;
    rr_ += (n - 1) * n * (2 * n - 1) / 6;
    kr_ += n * k - kk;
    agent = agents_.erase(agent);
  }
  runs_.erase(run);
}

std::size_t TurnHolds::active(TimePoint now) {
  while (!holds_.empty() && holds_.begin()->first < now) {
    agents_[holds_.begin()->second].held_until.reset();
    holds_.erase(holds_.begin());
  }
  return holds_.size();
}

std::optional<TimePoint> TurnHolds::next_end() const {
  return holds_.empty() ? std::nullopt : std::optional(holds_.begin()->first + Duration(1));
}
}  // namespace hivemind
