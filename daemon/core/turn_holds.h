// turn_holds.h - how long a slot waits for the agent whose turn has just ended (Continuum, arXiv 2511.02230).
//   tau* = argmax over tau of P(tau) (T eta + reload) - tau
// P: empirical distribution of the time between turns, of the agent's run, else of the pool; T: what a request waits
// for on average now, which the agent is spared when it comes back in time; eta = -corr(k, N - k) over the turns k of N
// of agents that ended: how surely there is another turn; reload: what computing its prompt again would take.
// Invariants: a hold ends by itself, after `longest` at most; an agent has at most one.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/time.h"

namespace hivemind {

// The newest samples of a time between turns.
class GapHistory {
public:
  static constexpr std::size_t memory = 256, enough = 100;
  void add(double seconds);
  bool enough_known() const { return gaps_.size() >= enough; }
  // The tau that is worth most when a return in time is worth `gain`, all in seconds; 0: none is worth anything.
  double best_hold(double gain) const;

private:
  std::vector<double> gaps_;  // a ring
  std::size_t next_ = 0;
};

class TurnHolds {
public:
  static constexpr Duration longest = 1min;
  using AgentKey = std::pair<std::uint64_t, std::uint64_t>;  // run, agent

  // `reload`: seconds. Begins a hold when one is worth it.
  void turn_ended(AgentKey agent, double reload, TimePoint now);
  // True: its slot was held for it.
  bool turn_began(AgentKey agent, TimePoint now);
  void waited(Duration wait);  // of a request that goes out now
  void run_ended(std::uint64_t run);

  std::size_t active(TimePoint now);
  std::optional<TimePoint> next_end() const;
  double eta() const;
  double wait() const { return wait_; }  // T, seconds

private:
  struct Turns {
    std::uint64_t count = 0;
    std::optional<TimePoint> ended, held_until;
  };
  void end_hold(AgentKey agent, Turns& turns);

  std::map<AgentKey, Turns> agents_;
  std::map<std::uint64_t, GapHistory> runs_;
  GapHistory all_;
  std::multimap<TimePoint, AgentKey> holds_;
  double wait_ = 0;                                          // T, seconds
  double n_ = 0, k_ = 0, r_ = 0, kk_ = 0, rr_ = 0, kr_ = 0;  // sums over turns of agents that ended
};
}  // namespace hivemind
