// plot.h - results as pictures.
#pragma once
#include <string>
#include <vector>

#include "sim/experiment.h"
#include "sim/outcome.h"

namespace hivemind::sim {

// A bar per row: the share of agents that survived, with its 95 % interval.
std::string survival_plot(const std::vector<Row>& rows);
// A lane per agent over time: waiting, running, failing, and where it died. The outcome has recorded its spans.
std::string lanes_plot(const Scenario& scenario, const Outcome& outcome, const std::string& title);
}  // namespace hivemind::sim
