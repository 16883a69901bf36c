// usage_history.h - what one agent's latest requests used, to guess what its next one will.
// Invariant: remembers the newest samples only; quantiles are over those.
#pragma once
#include <optional>

#include "core/newest_samples.h"

namespace hivemind {

class UsageHistory {
public:
  static constexpr std::size_t memory = NewestSamples::memory;

  // `billed_share`: billed input by the whole prompt (a cached prompt bills little of it).
  void add(double output, double billed_share) { outputs_.add(output), shares_.add(billed_share); }
  bool empty() const { return outputs_.empty(); }
  // nullopt while empty.
  std::optional<double> output(double quantile) const { return pick(outputs_, quantile); }
  std::optional<double> billed_share(double quantile) const { return pick(shares_, quantile); }

  // Writes or reads what outlives a restart.
  void fields(auto& io) { outputs_.fields(io), shares_.fields(io); }

private:
  static std::optional<double> pick(const NewestSamples& samples, double quantile) {
    return samples.empty() ? std::nullopt : std::optional(samples.quantile(quantile));
  }
  NewestSamples outputs_, shares_;
};
}  // namespace hivemind
