#include "core/usage_history.h"

#include <algorithm>
#include <cmath>

namespace hivemind {

void UsageHistory::add(double output, double billed_share) {
  outputs_[next_] = static_cast<float>(output);
  shares_[next_] = static_cast<float>(billed_share);
  next_ = (next_ + 1) % memory;
  count_ = std::min(count_ + 1, memory);
}

std::optional<double> UsageHistory::pick(const Samples& samples, double quantile) const {
  if (count_ == 0) return std::nullopt;
  Samples sorted = samples;
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(quantile * static_cast<double>(count_))) - 1;
  const auto at = sorted.begin() + std::clamp<std::ptrdiff_t>(rank, 0, static_cast<std::ptrdiff_t>(count_) - 1);
  std::nth_element(sorted.begin(), at, end);
  return *at;
}
}  // namespace hivemind
