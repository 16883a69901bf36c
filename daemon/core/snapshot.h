// snapshot.h - the scheduler's state as data, for people: hivemindctl status, the control socket, the dashboard.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/reason.h"
#include "core/signals.h"

namespace hivemind {

struct LimitSnapshot {
  Dimension dimension = Dimension::requests;
  std::int64_t limit = 0;
  double available = 0;  // now, after reservations
  Duration window = 60s;
  std::string source;                // "seed", "header", "body", "429"
  std::optional<Duration> cooldown;  // nothing goes out for this long
  double reserved = 0;               // by attempts under way
};
// A long window of which only a share is told.
struct WindowSnapshot {
  Duration length{};
  bool model_only = false, rejected = false;
  double used = 0;  // 1: all of it
  Duration resets_in{};
  std::optional<Duration> exhausted_in, paced_for;  // at the present speed; until the next request is due
};
struct PoolSnapshot {
  std::string provider, account, model_class;
  std::vector<LimitSnapshot> limits;
  std::vector<WindowSnapshot> windows;
  double window = 0;  // AIMD: concurrent requests allowed
  int in_flight = 0;
  std::size_t waiting = 0;
  std::string breaker;                                        // "closed", "open (overload)", "probing (fault)", ...
  std::uint64_t rate_limited = 0, overloads = 0, faults = 0;  // upstream failures seen
  std::size_t cached_prefixes = 0, following = 0;             // of prompts; requests that wait for one to be written
  std::uint64_t went_ahead = 0;                               // because their prompt was about to be forgotten
};
struct AgentSnapshot {
  std::string agent;
  std::size_t waiting = 0;
  int in_flight = 0;
  std::uint64_t requests = 0;
};
struct RunSnapshot {
  std::uint64_t id = 0, parent = 0;
  std::string name, priority;
  double weight = 1;
  std::size_t waiting = 0;
  int in_flight = 0;
  std::uint64_t requests = 0, retries = 0, errors = 0, refused = 0;
  std::int64_t input_tokens = 0, output_tokens = 0, cached_tokens = 0;
  std::int64_t tokens_spent = 0;  // charged against the budget
  std::optional<std::int64_t> token_budget;
  std::int64_t tokens_reserved = 0;  // of the budget, by attempts under way
  Duration waited{};                 // sum over requests, arrival to first dispatch plus later waits
  std::vector<AgentSnapshot> agents;
};
struct WaitingSnapshot {
  std::uint64_t request = 0, run = 0;
  std::string agent, model, priority;
  Duration waited{};
  std::string reason;  // which gate: "requests per minute: 0 of 50 left, in 1.2 s", "concurrency 5 of 5", ...
  std::optional<Duration> expected;
  Reason why{};  // the reason as data
};
struct DecisionSnapshot {
  std::uint64_t number = 0, request = 0, run = 0;
  Duration ago{}, waited{};
  std::string kind, agent;  // "dispatched", "held", ...
  int attempts = 0;
  std::string reason;
  Reason why;
};
struct BudgetSnapshot {
  std::string name;
  std::int64_t limit = 0, spent = 0, reserved = 0;
};  // that runs share
struct Snapshot {
  std::vector<PoolSnapshot> pools;
  std::vector<RunSnapshot> runs;
  std::vector<WaitingSnapshot> queue;  // in the order they would go
  std::vector<BudgetSnapshot> budgets;
};
}  // namespace hivemind
