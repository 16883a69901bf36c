// sample.h - measured durations and what is said of them.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace hivemind::bench {

using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC, the same in every process

inline double microseconds(Clock::duration d) { return std::chrono::duration<double, std::micro>(d).count(); }

inline double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}
inline double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }
}  // namespace hivemind::bench
