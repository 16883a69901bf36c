// acceleration.h - how fast a pool's traffic may grow: above a floor of tokens a minute, to at most half as much again
// as the busiest minute of the quarter of an hour before (providers.md §3.2). After idle it begins at the floor.
// Invariants: in no minute more is sent than allowed(); allowed() is never below the floor; a rejection lowers the
// floor to four fifths of what was sent then, and each minute after raises it by a tenth, up to the configured one.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "core/time.h"

namespace hivemind {

class Acceleration {
public:
  Acceleration(double floor, Duration minute, TimePoint now);
  void configure(double floor, Duration minute);

  // When so many tokens may go; a request larger than everything allowed waits for an empty minute.
  TimePoint ready_at(double tokens, TimePoint now) const;
  void spend(double tokens, TimePoint now);
  // slow_down: this was too fast.
  void refused(TimePoint now);
  // Both are one: they have sent together what either sent within the minute before.
  void merge(const Acceleration& other, TimePoint now);

  double allowed(TimePoint now) const;
  double sent(TimePoint now) const;  // within the minute before

private:
  static constexpr int slots = 60, period = 15, kept = 2 * period;
  std::int64_t slot_of(TimePoint at) const { return (at - start_) / slot_; }
  double busiest(std::int64_t minute) const;
  double at_most(TimePoint now) const;  // sent(now) is no more; cheap
  double floor_at(TimePoint now) const;

  double floor_, learned_floor_;
  Duration minute_, slot_;
  TimePoint start_;
  struct Slot {
    std::int64_t number = -1;
    double tokens = 0;
  };
  std::array<Slot, slots + 1> recent_{};  // a sixtieth of a minute each
  std::array<Slot, kept + 1> minutes_{};  // the busiest sixty slots that ended in each
  Slot this_minute_, last_minute_;        // all that was sent
  TimePoint refused_at_{};
};
}  // namespace hivemind
