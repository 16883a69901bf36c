// lead_time.h - how long it takes from sending a prompt that nobody holds to the first content of its answer: mean and
// mean deviation as TCP learns a round trip (Jacobson 1988), so that its bound is what hardly any leader exceeds.
// Invariant: bound() is at most `most` and, once something was seen, at least the mean.
#pragma once
#include <algorithm>
#include <cmath>

#include "core/seconds.h"

namespace hivemind {

class LeadTime {
public:
  void add(Duration time, Duration most) {
    const double seen = std::min(in_seconds(time), in_seconds(most));
    if (!known_) {
      known_ = true;
      mean_ = seen;
      deviation_ = seen / 2;
      return;
    }
    deviation_ += (std::abs(seen - mean_) - deviation_) / 4;
    mean_ += (seen - mean_) / 8;
  }
  // `most`: so long at the most; half of it is believed until something was seen.
  Duration bound(Duration most) const {
    return known_ ? std::min(most, from_seconds(mean_ + 4 * deviation_)) : most / 2;
  }
  Duration mean(Duration most) const { return known_ ? from_seconds(mean_) : most / 4; }

private:
  bool known_ = false;
  double mean_ = 0, deviation_ = 0;  // seconds
};
}  // namespace hivemind
