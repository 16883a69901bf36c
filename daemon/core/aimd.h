// aimd.h - how many attempts one pool may have under way: additive increase, multiplicative decrease.
// Invariants: 1 <= allowed() <= the maximum; the window is cut at most once per congestion epoch (attempts sent before
// a cut do not cut again); it grows only by successes that found it in use. Until the first sign of congestion it grows
// by one per success, at most doubling in a sixth of a minute (slow start); after it by `increase` per window.
// A pool nobody has asked yet starts with one attempt at a time: its limits are learned before the burst goes out.
#pragma once
#include <cstdint>
#include <optional>

#include "core/scheduler_config.h"

namespace hivemind {

class Aimd {
public:
  Aimd(const ProviderSeed& seed, Duration minute, TimePoint now, bool slow_start = true);
  void configure(const ProviderSeed& seed, Duration minute, bool slow_start = true);

  int allowed(TimePoint now) const;
  double window() const { return window_; }
  // When allowed() exceeds `in_flight` by time alone; nullopt: only an event changes it.
  std::optional<TimePoint> opens_at(int in_flight, TimePoint now) const;

  void dispatched(std::uint64_t attempt, int in_flight_before, TimePoint now);
  void answered();                               // a response head arrived: the ramp goes on
  void succeeded(int in_flight, TimePoint now);  // `in_flight` counts the one that succeeds
  void congested(std::uint64_t attempt);         // 429, overload
  void slow_down(TimePoint now);                 // acceleration limit: at most half as much again in 15 minutes
  void explore(TimePoint now);                   // nothing is known (any more): one at a time until answered
  void idle_since(TimePoint now) { idle_since_ = now; }
  void cap(std::int64_t concurrency);  // a limit the provider names

private:
  double ramped_up(TimePoint now) const;  // what is allowed once the ramp is over
  Duration silence_step() const;
  void ramp_from(int allowed, int answers, TimePoint now);

  ProviderSeed seed_;
  Duration minute_;
  double window_;
  bool slow_start_, uncongested_ = true;
  double doubles_from_ = 0;  // window when the present sixth of a minute began
  TimePoint doubles_since_{};
  std::optional<double> ceiling_, named_;
  TimePoint ceiling_until_{};
  std::uint64_t last_sent_ = 0, epoch_ = 0;
  // While ramping, less than the window is allowed: ramp_, and one more per step of silence.
  bool ramping_ = true;
  int ramp_ = 1, answers_ = 0;
  TimePoint ramp_since_, idle_since_;
};
}  // namespace hivemind
