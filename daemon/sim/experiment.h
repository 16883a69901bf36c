// experiment.h - a scenario played with many seeds in one way, and what came of it.
// Invariant: the same arguments give the same row, however many threads there are.
#pragma once
#include <string>
#include <vector>

#include "sim/fair_share.h"
#include "sim/simulation.h"

namespace hivemind::sim {

// What one seed gives another than the next: a mean with its 95 % interval.
struct Measure {
  const char* name;
  double mean = 0, low = 0, high = 0;
};

// One line of every table. Means over the seeds, unless said.
struct Row {
  std::string scenario, policy, without, client;  // policy "direct": without HiveMind; without: a primitive, or empty
  std::uint64_t seeds = 0, agents = 0, dead = 0;  // over all seeds
  double dead_low = 0, dead_high = 0;             // 95 % interval of the share of dead agents
  double wasted_tokens = 0, makespan = 0;         // seconds
  std::optional<double> makespan_ratio;           // to the lower bound of bounds.h
  double upstream_429_share = 0;                  // of all requests the provider saw, over all seeds
  double wait_p50 = 0, wait_p99 = 0;              // seconds, over all seeds
  double jain = 0;
  std::optional<double> utilisation;  // where a rate limit binds

  // Beyond what --json lists.
  bool limited = false;                           // a rate limit binds, in most seeds
  double completion = 0;                          // mean over agents: seconds from the first turn to the last answer
  std::optional<double> on_time;                  // of the agents with a deadline
  std::uint64_t overshoots = 0, over_budget = 0;  // budgets that were overshot; agents that theirs stopped
  double budget_used = 0;                         // of the budget that was used most, in any seed
  std::optional<double> over_reserved;            // what was set aside of budgets, by what it turned out to be
  std::optional<Lateness> late;                   // behind ideal fair sharing, where it is compared: the worst seed
  std::optional<double> warm_429_share;           // as upstream_429_share, of what came after the first two minutes
  double input = 0;                               // tokens per seed that were not read from the prompt cache
  bool cached = false;                            // some were
  std::vector<Measure> measures;                  // what is better when smaller, the gravest first
  const Measure& measure(std::string_view name) const;
  // Causes of death with their numbers, the most frequent first.
  std::vector<std::pair<std::uint64_t, std::string>> died_of;
};

struct Case {
  Scenario scenario;
  Variant variant;
  std::string policy, without, client;
  bool compared_to_ideal = false;  // to fair sharing as a fluid: slow with thousands of agents
};

// One row per case, in their order. Seeds are 1 to `seeds`.
std::vector<Row> play(const std::vector<Case>& cases, std::uint64_t seeds, unsigned threads);
}  // namespace hivemind::sim
