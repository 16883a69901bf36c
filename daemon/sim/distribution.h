// distribution.h - how long something takes: always the same, or drawn. Written as "50ms", "uniform 1s 3s",
// "exponential 5s" (the mean) or "lognormal 4s 1.0" (the median, and the deviation of the logarithm).
#pragma once
#include <random>
#include <string_view>

#include "core/time.h"

namespace hivemind::sim {

using Rng = std::mt19937_64;

class Distribution {
public:
  Distribution() = default;
  explicit Distribution(Duration always) : first_(always) {}
  // Throws std::invalid_argument that says what can be written.
  static Distribution parse(std::string_view text);
  Duration draw(Rng& rng) const;
  Duration mean() const;

private:
  enum class Kind { fixed, uniform, exponential, lognormal };
  Kind kind_ = Kind::fixed;
  Duration first_{}, second_{};
  double deviation_ = 0;
};
}  // namespace hivemind::sim
