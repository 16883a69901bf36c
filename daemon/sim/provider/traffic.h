// traffic.h - how much an account sends, and whether it grows too fast: in no minute more than half as much again as in
// the busiest minute of the 15 minutes before the present 15. These begin with the first request.
#pragma once
#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>

#include "core/time.h"

namespace hivemind::provider {

class Traffic {
public:
  bool may_grow(std::int64_t tokens, std::int64_t floor, TimePoint now) {
    advance(now);
    return sum_ + tokens <= std::max(floor, before_ + before_ / 2);
  }
  void add(std::int64_t tokens, TimePoint now) {
    advance(now);
    latest_.emplace_back(now, tokens);
    sum_ += tokens;
    busiest_ = std::max(busiest_, sum_);
  }

private:
  void advance(TimePoint now) {
    if (began_ == TimePoint{}) began_ = now;
    while (!latest_.empty() && latest_.front().first + Duration(60s) <= now) {
      sum_ -= latest_.front().second;
      latest_.pop_front();
    }
    for (; now >= began_ + Duration(15min); began_ += Duration(15min)) before_ = std::exchange(busiest_, sum_);
  }

  std::deque<std::pair<TimePoint, std::int64_t>> latest_;  // within a minute
  std::int64_t sum_ = 0, busiest_ = 0, before_ = 0;        // now; of this and of the last 15 minutes
  TimePoint began_{};
};
}  // namespace hivemind::provider
