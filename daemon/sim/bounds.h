// bounds.h - how fast it could have been: what no scheduler can beat, and how much of the tightest limit was used.
#pragma once
#include <optional>

#include "sim/outcome.h"
#include "sim/scenario.h"

namespace hivemind::sim {

struct Bounds {
  Duration makespan{};                // no shorter than this for the answers that were delivered
  bool limited = false;               // by a rate limit, not by the agents' own pace or the concurrency cap
  std::optional<double> utilisation;  // of that limit, as long as requests waited
};
Bounds bounds(const Scenario& scenario, const Outcome& outcome);

// What the provider charges one request for, in the limit's own dimension.
double charge(const provider::LimitSpec& limit, const Work& work);
// The limit that takes longest for what was delivered; null: there is none.
const provider::LimitSpec* binding_limit(const Scenario& scenario, const Outcome& outcome);
}  // namespace hivemind::sim
