// seconds.h - between the clock's whole nanoseconds and the fractions that rates are reckoned in.
#pragma once
#include <algorithm>
#include <cmath>

#include "core/time.h"

namespace hivemind {

inline double in_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// Rounded up, so that waking at `now + from_seconds(wait)` is never too early. At most a year: sums stay in range.
inline Duration from_seconds(double s) {
  constexpr double year = 365.0 * 24 * 3600;
  return Duration(static_cast<Duration::rep>(std::ceil(std::clamp(s, -year, year) * 1e9)));
}
inline Duration scaled(Duration d, double by) { return from_seconds(in_seconds(d) * by); }
}  // namespace hivemind
