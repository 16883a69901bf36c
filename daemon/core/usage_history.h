// usage_history.h - what one agent's latest requests used, to guess what its next one will.
// Invariant: remembers the newest `memory` samples; quantiles are over those.
#pragma once
#include <array>
#include <cstddef>
#include <optional>

namespace hivemind {

class UsageHistory {
public:
  static constexpr std::size_t memory = 32;

  // `billed_share`: billed input by the whole prompt (a cached prompt bills little of it).
  void add(double output, double billed_share);
  bool empty() const { return count_ == 0; }
  // nullopt while empty.
  std::optional<double> output(double quantile) const { return pick(outputs_, quantile); }
  std::optional<double> billed_share(double quantile) const { return pick(shares_, quantile); }

  // Writes or reads what outlives a restart.
  void fields(auto& io) {
    io(count_), io(next_);
    if (count_ > memory || next_ >= memory) *this = UsageHistory{};
    for (std::size_t i = 0; i < count_; ++i) io(outputs_[i]), io(shares_[i]);
  }

private:
  using Samples = std::array<float, memory>;
  std::optional<double> pick(const Samples& samples, double quantile) const;

  Samples outputs_{}, shares_{};
  std::size_t count_ = 0, next_ = 0;
};
}  // namespace hivemind
