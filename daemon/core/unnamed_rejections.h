// unnamed_rejections.h - rejections that say neither what the limit is nor when there is room again. Holds everything
// for a moment, twice as long after each that finds it still full, until somebody is served: so long it took.
// Invariants: nothing is presumed of a rejection that more at once than ever were served may explain; holds are at most
// `cap`; a rejection that was on its way before the latest hold does not make it longer.
#pragma once
#include <algorithm>
#include <optional>

#include "core/seconds.h"

namespace hivemind {

class UnnamedRejections {
public:
  // `under_way`: when the attempt was sent, itself included.
  std::optional<Duration> rejected(int under_way, TimePoint sent, Duration base, Duration cap, TimePoint now) {
    if (under_way > proven_) return std::nullopt;
    if (full_since_ && sent < held_until_) return Duration{};
    if (!full_since_) {
      full_since_ = sent;
      next_ = base;
    }
    const auto hold = std::min(next_, cap);
    next_ = 2 * hold;
    held_until_ = now + hold;
    return hold;
  }
  // Somebody was served. After rejections: how long there was no room.
  std::optional<Duration> served(int under_way, TimePoint sent) {
    proven_ = std::max(proven_, under_way);
    if (!full_since_ || sent < held_until_) return std::nullopt;
    const Duration full = sent - *full_since_;
    full_since_.reset();
    return full;
  }

private:
  int proven_ = 1;  // so many at once were served
  std::optional<TimePoint> full_since_;
  TimePoint held_until_{};
  Duration next_{};
};
}  // namespace hivemind
