#include "sim/statistics.h"

#include <algorithm>
#include <cmath>

namespace hivemind::sim {

Interval wilson(std::uint64_t hits, std::uint64_t trials) {
  if (trials == 0) return {};
  constexpr double z = 1.959963985;
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(hits) / n, zz = z * z / n;
  const double middle = (p + zz / 2) / (1 + zz);
  const double half = z * std::sqrt(p * (1 - p) / n + zz / (4 * n)) / (1 + zz);
  return {hits == 0 ? 0 : std::max(0.0, middle - half), hits == trials ? 1 : std::min(1.0, middle + half)};
}

double jain(std::span<const double> shares) {
  double sum = 0, squares = 0;
  for (const double x : shares) {
    sum += x;
    squares += x * x;
  }
  return squares <= 0 ? 1 : sum * sum / (static_cast<double>(shares.size()) * squares);
}

double quantile(std::vector<float>& values, double q) {
  if (values.empty()) return 0;
  const auto rank = std::ceil(q * static_cast<double>(values.size()));
  const auto at = std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(rank) - 1, 0,
                                             static_cast<std::ptrdiff_t>(values.size()) - 1);
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return static_cast<double>(values[static_cast<std::size_t>(at)]);
}
}  // namespace hivemind::sim
