// fair_share.h - ideal fair sharing (GPS) as a fluid, computed apart from the scheduler: whenever the provider served a
// request of somebody, the fluid serves as much, divided by weight among all that have something waiting.
#pragma once
#include <optional>

#include "sim/outcome.h"
#include "sim/scenario.h"

namespace hivemind::sim {

// How far behind it the last of the agents was through, in the largest request's cost; and how far policy `fair` may be
// (policy_fair.cc): c when estimates are right, else c + D (m-1) c + the sum over its competitors of
// (m-1) c + w_g/w leash, for m times wrong and D requests under way.
struct Lateness {
  double requests = 0, bound = 0;
};
// nullopt: no rate limit, or nothing served.
std::optional<Lateness> lateness(const Scenario& scenario, const Outcome& outcome);
}  // namespace hivemind::sim
