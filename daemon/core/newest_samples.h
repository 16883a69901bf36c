// newest_samples.h - the newest samples of a quantity, and their quantiles.
// Invariant: `sorted_` holds what `ring_` does, in order: every dispatch asks for quantiles, so asking is a look-up.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace hivemind {

class NewestSamples {
public:
  static constexpr std::size_t memory = 32;

  void add(double sample) {
    const auto value = static_cast<float>(sample);
    auto end = at(count_);
    if (count_ == memory) {
      const auto oldest = std::lower_bound(sorted_.begin(), end, ring_[next_]);
      end = std::move(oldest + 1, end, oldest);
    } else {
      ++count_;
    }
    const auto place = std::upper_bound(sorted_.begin(), end, value);
    std::move_backward(place, end, end + 1);
    *place = value;
    ring_[next_] = value;
    next_ = (next_ + 1) % memory;
  }
  std::size_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  // Of at least one: the smallest that so large a part of them does not exceed.
  double quantile(double part) const {
    const double rank = std::ceil(part * static_cast<double>(count_)) - 1;
    return sorted_[static_cast<std::size_t>(std::clamp(rank, 0.0, static_cast<double>(count_ - 1)))];
  }

  // Writes or reads what outlives a restart.
  void fields(auto& io) {
    io(count_), io(next_);
    if (count_ > memory || next_ >= memory) *this = NewestSamples{};
    for (std::size_t i = 0; i < count_; ++i) io(ring_[i]);
    sorted_ = ring_;
    std::sort(sorted_.begin(), at(count_));
  }

private:
  using Samples = std::array<float, memory>;
  Samples::iterator at(std::size_t i) { return sorted_.begin() + static_cast<std::ptrdiff_t>(i); }

  Samples ring_{}, sorted_{};
  std::size_t count_ = 0, next_ = 0;
};
}  // namespace hivemind
