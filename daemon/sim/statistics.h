// statistics.h - intervals, fairness and quantiles.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace hivemind::sim {

struct Interval {
  double low = 0, high = 1;
};
// Wilson's 95 % interval of a share: `hits` of `trials`.
Interval wilson(std::uint64_t hits, std::uint64_t trials);
// Jain's index (sum x)^2 / (n * sum x^2): 1 when all have the same, 1/n when one has all. 1 when nobody has anything.
double jain(std::span<const double> shares);
// `q` from 0 to 1, by nearest rank; 0 of nothing. Reorders `values`.
double quantile(std::vector<float>& values, double q);
}  // namespace hivemind::sim
