// time_text.h - instants and durations as providers write them into headers and messages.
#pragma once
#include <string>

#include "core/time.h"

namespace hivemind::provider {

// How fast the simulated provider lives: one of its minutes takes 60 / speed seconds of ours.
struct TimeScale {
  double speed = 1;
  Duration to_real(Duration provider) const;
  Duration to_provider(Duration real) const;
};

std::string http_date(double unix_seconds);                   // Fri, 20 Nov 2026 10:00:00 GMT
std::string rfc3339(double unix_seconds, bool milliseconds);  // 2026-11-20T10:00:00Z
std::string go_duration(Duration duration);                   // 120ms, 8.64s, 6m0s, 1h2m3.5s
// Whole seconds rounded up, at least 1, as providers send them; with `fraction` milliseconds ("0.532").
std::string delay_seconds(Duration duration, bool fraction);
}  // namespace hivemind::provider
