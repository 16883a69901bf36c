// outcome.h - what happened in one simulation: agents, requests, tokens, and what the provider let through.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"

namespace hivemind::sim {

struct AgentOutcome {
  std::uint32_t group = 0, number = 0;  // number: inside its group
  int turns = 0;                        // completed
  std::vector<Duration> served_at;      // requests answered, since the start of the simulation
  bool dead = false;
  bool over_budget = false;  // refused by its token budget: an end that was asked for, not a death
  std::string died_of;
  std::int64_t tokens = 0;    // of answered requests
  Duration began{}, ended{};  // since the start of the simulation
  Duration busy{};            // the answers' own latency and the tools' time: what nobody could shorten
};

// A request that the provider accepted and worked on.
struct Work {
  Duration asked{}, sent{}, at{};  // by the client; by the scheduler; at the provider
  std::uint32_t agent = 0;
  std::int64_t input = 0, cache_read = 0, output = 0, max_tokens = 0;
  Duration took{};  // by the provider itself
  bool delivered = false;
};

// For the plot: what an agent's request did, from when to when.
struct Span {
  enum class Kind { waits, runs, fails };
  std::uint32_t agent = 0;
  Kind kind = Kind::waits;
  Duration from{}, to{};
};

// A token budget, of a run or of several together.
struct BudgetOutcome {
  std::string name;
  std::int64_t limit = 0, used = 0;
};

struct Outcome {
  std::uint64_t seed = 0;
  std::vector<AgentOutcome> agents;
  std::vector<BudgetOutcome> budgets;
  std::int64_t bounded_by = 0, bounded = 0;  // of answered requests with a budget: what was set aside, what they used
  std::uint64_t attempts = 0;                // requests the provider saw
  std::uint64_t rejected = 0, overloads = 0, faults = 0, refused = 0;
  std::uint64_t warm_attempts = 0, warm_rejected = 0;  // of these, after the first two minutes
  std::int64_t wasted_tokens = 0;
  std::vector<float> waits;  // seconds, of every answered request: its time less that of the answer itself
  std::vector<Work> work;
  std::vector<Span> spans;  // only when asked for
  Duration makespan{};
  Duration backlog_end{};  // the last time that something was sent which had waited for its turn
  Duration shortest_answer{};
  bool unfinished = false;  // the simulation was cut off
};
}  // namespace hivemind::sim
