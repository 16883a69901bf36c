// jitter.h - the scheduler's only chance: a seeded generator and the waits drawn from it.
// Invariant: the same seed and calls give the same waits, on every machine.
#pragma once
#include <algorithm>
#include <cstdint>

#include "core/seconds.h"

namespace hivemind {

class Jitter {
public:
  explicit Jitter(std::uint64_t seed) : state_(seed) {}

  // In [0, 1). splitmix64: small, and good enough to keep sleepers apart.
  double uniform() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
  }
  // Full jitter: U(0, min(cap, base * 2^k)).
  Duration full(Duration base, Duration cap, int k) {
    const double top = std::min(in_seconds(cap), in_seconds(base) * static_cast<double>(1ULL << std::clamp(k, 0, 30)));
    return from_seconds(uniform() * top);
  }
  // Decorrelated: U(base, 3 * previous), at most cap.
  Duration decorrelated(Duration base, Duration previous, Duration cap) {
    const double low = in_seconds(base), high = std::max(low, 3 * in_seconds(previous));
    return std::min(cap, from_seconds(low + uniform() * (high - low)));
  }

private:
  std::uint64_t state_;
};
}  // namespace hivemind
