#include "core/breaker.h"

#include <bit>

namespace hivemind {
namespace {
// Beside a run of failures, a high rate opens too. 13 % of independent faults reach 15 in 20 once in 10^9 windows.
constexpr int sample = 20, too_many = 15;
}  // namespace

void Breaker::succeeded(std::uint64_t attempt) {
  if (state_ != State::closed && attempt <= opened_after_) return;
  consecutive_ = 0;
  outcomes_ <<= 1;
  known_ = std::min(known_ + 1, sample);
  if (state_ == State::closed) return;
  reset();
}

void Breaker::failed(std::uint64_t attempt, std::uint64_t last_sent, const SchedulerConfig& config, Jitter& jitter,
                     TimePoint now) {
  if (state_ != State::closed) {
    if (attempt > opened_after_) open(last_sent, config, jitter, now);
    return;
  }
  ++consecutive_;
  outcomes_ = (outcomes_ << 1) | 1u;
  known_ = std::min(known_ + 1, sample);
  const int bad = std::popcount(outcomes_ & ((1u << sample) - 1));
  if (consecutive_ >= config.breaker_failures || (known_ == sample && bad >= too_many))
    open(last_sent, config, jitter, now);
}

void Breaker::open(std::uint64_t last_sent, const SchedulerConfig& config, Jitter& jitter, TimePoint now) {
  pause_ = pause_ == Duration{} ? config.breaker_open
                                : jitter.decorrelated(config.breaker_open, pause_, config.breaker_open_cap);
  state_ = State::open;
  probe_at_ = now + pause_;
  opened_after_ = last_sent;
  probe_.reset();
}

void Breaker::dispatched(std::uint64_t attempt) {
  if (state_ != State::open) return;
  state_ = State::probing;
  probe_ = attempt;
}

void Breaker::undecided(std::uint64_t attempt, TimePoint now) {
  if (state_ != State::probing || probe_ != attempt) return;
  state_ = State::open;
  probe_at_ = now;
  probe_.reset();
}
}  // namespace hivemind
