// breaker.h - stops a pool that fails again and again, and asks it now and then whether it is back.
// Invariants: while open nothing goes out; after each pause exactly one probe does; a success of an attempt sent after
// the opening closes. It holds requests, it never fails them.
#pragma once
#include <cstdint>
#include <optional>

#include "core/jitter.h"
#include "core/scheduler_config.h"

namespace hivemind {

class Breaker {
public:
  enum class State { closed, open, probing };

  void succeeded(std::uint64_t attempt);
  void failed(std::uint64_t attempt, std::uint64_t last_sent, const SchedulerConfig& config, Jitter& jitter,
              TimePoint now);

  bool admits(TimePoint now) const { return state_ == State::closed || (state_ == State::open && now >= probe_at_); }
  // Call with every attempt that goes out: the first one after the pause is the probe.
  void dispatched(std::uint64_t attempt);
  // The attempt ended and told nothing (its client left, another kind of failure): the next one may probe.
  void undecided(std::uint64_t attempt, TimePoint now);
  void reset() { *this = Breaker{}; }

  bool is_probe(std::uint64_t attempt) const { return state_ == State::probing && probe_ == attempt; }
  State state() const { return state_; }
  TimePoint probe_at() const { return probe_at_; }

private:
  void open(std::uint64_t last_sent, const SchedulerConfig& config, Jitter& jitter, TimePoint now);

  State state_ = State::closed;
  int consecutive_ = 0;
  std::uint32_t outcomes_ = 0;  // the latest, newest in the lowest bit; 1: failed
  int known_ = 0;
  Duration pause_{};
  TimePoint probe_at_{};
  std::uint64_t opened_after_ = 0;  // the last attempt sent before it opened
  std::optional<std::uint64_t> probe_;
};
}  // namespace hivemind
