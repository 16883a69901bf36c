// run_state.h - what the scheduler keeps of one run and of the agents in it.
// Invariant: waiting and in_flight are the numbers of its requests that are; a closed run takes no new ones.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "core/budget.h"
#include "core/kept_places.h"
#include "core/scheduler.h"
#include "core/usage_history.h"

namespace hivemind {

// Not std::hash of a string itself: a map that takes it for slow compares all its names one by one while they are few.
struct NameHash {
  std::size_t operator()(const std::string& name) const { return std::hash<std::string>{}(name); }
};

struct AgentState {
  std::uint64_t number = 0;  // in its run
  std::size_t waiting = 0;
  int in_flight = 0;
  std::uint64_t requests = 0;
  bool owed = false;                            // its last stream broke: its next request goes a little earlier
  std::map<std::string, UsageHistory> history;  // by model class
  KeptPlaces kept;
};

struct RunState {
  RunSpec spec;
  std::shared_ptr<Budget> budget;  // its own, else its nearest ancestor's, else that of its group; never null
  bool announced = false, closed = false;
  std::size_t waiting = 0;
  int in_flight = 0;
  std::uint64_t requests = 0, retries = 0, errors = 0, refused = 0;
  std::int64_t input_tokens = 0, output_tokens = 0, cached_tokens = 0, tokens_spent = 0;
  Duration waited{};
  std::unordered_map<std::string, AgentState, NameHash> agents;

  AgentState& agent(const std::string& name) {
    // Names come from clients: past this many, newcomers share one flow.
    constexpr std::size_t most_agents = 1024;
    const auto known = agents.find(name);
    if (known != agents.end()) return known->second;
    auto& added = agents[agents.size() < most_agents ? name : std::string("(others)")];
    if (added.number == 0) added.number = agents.size();
    return added;
  }
  void account(const Usage& usage) {
    input_tokens += usage.input + usage.cache_write;
    output_tokens += usage.output;
    cached_tokens += usage.cache_read;
  }
};
const char* to_string(Priority priority);
}  // namespace hivemind
