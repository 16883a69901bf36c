#include "core/ahead_of_turn.h"

#include <algorithm>

namespace hivemind {

std::optional<std::uint64_t> AheadOfTurn::due(int band, TimePoint now) const {
  const std::pair<TimePoint, std::uint64_t>* first = nullptr;
  for (std::size_t i = 0; i <= index(band); ++i) {
    if (waiting_[i].empty()) continue;
    const auto& candidate = *waiting_[i].begin();
    if (candidate.first <= now && (!first || candidate < *first)) first = &candidate;
  }
  return first ? std::optional(first->second) : std::nullopt;
}

std::optional<TimePoint> AheadOfTurn::next(TimePoint now) const {
  std::optional<TimePoint> next;
  for (const auto& waiting : waiting_) {
    const auto later = waiting.upper_bound({now, std::numeric_limits<std::uint64_t>::max()});
    if (later != waiting.end() && (!next || later->first < *next)) next = later->first;
  }
  return next;
}

void AheadOfTurn::went_in_turn(double cost) {
  constexpr double newest = 0.05;  // part of the mean that the newest makes
  credit_ = std::min(burst, credit_ + share * cost);
  usual_cost_ = usual_cost_ > 0 ? usual_cost_ + newest * (cost - usual_cost_) : cost;
}
}  // namespace hivemind
