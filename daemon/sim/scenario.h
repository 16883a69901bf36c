// scenario.h - one world to simulate: agents, the provider they share, how the scheduler is set. Plain data, as read
// from a scenario file (scenario_file.h).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/scheduler.h"
#include "sim/client.h"
#include "sim/distribution.h"
#include "sim/provider/provider_model.h"

namespace hivemind::sim {

// `count` agents alike. A turn is `at_once` requests; after their answers a tool runs, then the next turn begins.
struct AgentGroup {
  std::string name = "agent";
  int count = 1, turns = 8, at_once = 1;
  ClientKind client = ClientKind::none;
  std::int64_t system_tokens = 0, turn_tokens = 50;  // of the prompt: fixed, and added by every turn with the answer
  std::int64_t max_tokens = 1024;
  std::optional<double> output_mean{};  // of an answer; nullopt: the provider's
  double output_deviation = 0;
  bool cached = false;         // prompts carry cache marks
  bool shared_system = false;  // one system prompt for the whole group
  Distribution tool{50ms};
  Duration begin{}, spread{};  // the first turn: `begin` and up to `spread` later
  Duration timeout = 120s;     // of the client: without a byte
  bool tells_timeout = true;
  double misjudged = 1;         // estimates of input tokens are off by this factor
  double misjudged_spread = 1;  // and each by up to so much more, up or down
  bool one_run = false;         // all agents of the group are one run
  std::string within;           // its runs are children of that group's runs
  std::string team;             // its runs' names begin with it: [[group]] may cap them together
  Priority priority = Priority::normal;
  double weight = 1;
  std::optional<std::int64_t> token_budget{};
  std::optional<Duration> deadline{};  // of an agent, from its first turn
};

// For so long every request meets the fault.
struct Outage {
  Duration begin{}, length{};
  provider::Fault fault;
};

struct Provider {
  std::string dialect = "anthropic", model = "claude-sonnet-4-5";
  provider::ModelConfig config;
  std::vector<Outage> outages;
  bool announces = true;         // limits in response heads
  bool retry_after = true;       // in heads of 429s
  Duration way{}, way_jitter{};  // to the provider or back: way, and up to way_jitter more
  Duration token_time{};         // an answer takes so long for each of its tokens
};

// What the paper (arXiv 2604.17111) reports of its own scheduler in this scenario; empty: not in the paper.
struct Published {
  std::optional<double> direct_dead, hivemind_dead;  // shares
  std::optional<double> waste_change;                // of tokens, from direct to HiveMind: -1 is all saved
};

struct Scenario {
  std::string name, about;
  Provider provider;
  std::vector<AgentGroup> agents;
  SchedulerConfig scheduler;
  Published published;
  Duration longest = 6h;  // simulated at most

  int agent_count() const {
    int count = 0;
    for (const auto& group : agents) count += group.count;
    return count;
  }
};
}  // namespace hivemind::sim
