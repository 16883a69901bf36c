#include "core/aimd.h"

#include <algorithm>

#include "core/seconds.h"

namespace hivemind {
namespace {
constexpr int answers_to_know = 2;  // answers before more than one attempt at a time
constexpr int silence_steps = 40;   // per minute: a slow first answer does not hold everybody for long
constexpr int doublings = 6;        // per minute, in slow start
constexpr double tiny = 1e-9;
constexpr double slow_down_growth = 1.5;
constexpr int slow_down_minutes = 15;
}  // namespace

Aimd::Aimd(const ProviderSeed& seed, Duration minute, TimePoint now, bool slow_start)
    : seed_(seed),
      minute_(minute),
      window_(std::clamp(seed.concurrency, 1, std::max(1, seed.max_concurrency))),
      slow_start_(slow_start),
      ramp_since_(now),
      idle_since_(now) {}

void Aimd::configure(const ProviderSeed& seed, Duration minute, bool slow_start) {
  if (seed.concurrency != seed_.concurrency) window_ = std::max(1, seed.concurrency);
  seed_ = seed;
  minute_ = minute;
  slow_start_ = slow_start;
  window_ = std::clamp(window_, 1.0, static_cast<double>(std::max(1, seed.max_concurrency)));
}

double Aimd::ramped_up(TimePoint now) const {
  double most = window_;
  if (ceiling_ && now < ceiling_until_) most = std::min(most, *ceiling_);
  if (named_) most = std::min(most, *named_);
  return most;
}

int Aimd::allowed(TimePoint now) const {
  double most = ramped_up(now);
  if (ramping_) most = std::min(most, ramp_ + static_cast<double>((now - ramp_since_) / silence_step()));
  return std::max(1, static_cast<int>(most + tiny));
}

std::optional<TimePoint> Aimd::opens_at(int in_flight, TimePoint now) const {
  if (in_flight < allowed(now)) return now;
  const double wanted = in_flight + 1;
  if (wanted > std::min(window_, named_.value_or(window_)) + tiny) return std::nullopt;
  TimePoint at = now;
  if (wanted > ramped_up(now) + tiny) at = ceiling_until_;
  if (ramping_) at = std::max(at, ramp_since_ + silence_step() * std::max(0, in_flight + 1 - ramp_));
  return at;
}

Duration Aimd::silence_step() const { return std::max<Duration>(minute_ / silence_steps, Duration(1)); }

void Aimd::dispatched(std::uint64_t attempt, int in_flight_before, TimePoint now) {
  last_sent_ = attempt;
  if (in_flight_before > 0) return;
  if (now - idle_since_ >= minute_ && !ramping_) ramp_from(2, answers_to_know, now);
  // The silence that counts is the one after something was sent.
  if (ramping_) ramp_since_ = now;
}

void Aimd::answered() {
  if (!ramping_) return;
  if (++answers_ >= answers_to_know) ++ramp_;
  if (ramp_ >= static_cast<int>(window_)) ramping_ = false;
}

void Aimd::succeeded(int in_flight, TimePoint now) {
  if (ramping_) return;
  const double most = std::max(1, seed_.max_concurrency);
  if (slow_start_ && uncongested_) {
    // Half of it in use is in use: it has just grown by what those who wait have not filled yet.
    if (2 * in_flight < static_cast<int>(window_ + tiny)) return;
    if (now - doubles_since_ >= minute_ / doublings) {
      doubles_since_ = now;
      doubles_from_ = window_;
    }
    window_ = std::min({window_ + 1, 2 * doubles_from_, most});
  } else if (in_flight >= static_cast<int>(window_ + tiny)) {
    window_ = std::min(window_ + seed_.increase / window_, most);
  }
}

void Aimd::congested(std::uint64_t attempt) {
  uncongested_ = false;
  if (attempt <= epoch_) return;
  epoch_ = last_sent_;
  window_ = std::max(1.0, window_ * seed_.decrease);
}

void Aimd::slow_down(TimePoint now) {
  ceiling_ = std::max(1.0, window_ * slow_down_growth);
  ceiling_until_ = now + minute_ * slow_down_minutes;
}

void Aimd::explore(TimePoint now) { ramp_from(1, 0, now); }

void Aimd::cap(std::int64_t concurrency) {
  if (concurrency > 0) named_ = static_cast<double>(concurrency);
}

void Aimd::ramp_from(int allowed, int answers, TimePoint now) {
  ramping_ = true;
  ramp_ = allowed;
  answers_ = answers;
  ramp_since_ = now;
}
}  // namespace hivemind
