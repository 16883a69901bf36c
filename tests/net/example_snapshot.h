// example_snapshot.h - one of everything that the scheduler can report, with texts as a hostile client would choose.
#pragma once
#include "core/snapshot.h"

namespace hivemind {

inline Snapshot example_snapshot() {
  Snapshot snapshot;
  PoolSnapshot pool;
  pool.provider = "anthropic";
  pool.account = "3fa9c1d2e4b5a697";
  pool.model_class = "claude-sonnet-4";
  pool.limits.push_back({Dimension::requests, 50, 7.25, 60s, "header", std::nullopt});
  pool.limits.push_back({Dimension::input_tokens, 80'000, 1234, 60s, "429", 2500ms});
  pool.windows.push_back({5h, false, false, 0.835, 5400s, 1800s, 40s});
  pool.windows.push_back({7 * 24h, true, true, 1.01, 90000s, {}, {}});
  pool.window = 5.5;
  pool.in_flight = 5;
  pool.waiting = 2;
  pool.breaker = "open (overload)";
  pool.rate_limited = 3;
  pool.overloads = 2;
  pool.faults = 1;
  pool.cached_prefixes = 12;
  pool.following = 3;
  pool.went_ahead = 4;
  snapshot.pools.push_back(pool);
  RunSnapshot run;
  run.id = 0xABC;
  run.parent = 0xDEF;
  run.name = "evil\xFF\"name\n\x1b[31m";
  run.priority = "normal";
  run.weight = 1.5;
  run.waiting = 2;
  run.in_flight = 5;
  run.requests = 40;
  run.retries = 4;
  run.errors = 1;
  run.refused = 2;
  run.input_tokens = 1'200'000;
  run.output_tokens = 30'000;
  run.cached_tokens = 5'000'000'000;
  run.tokens_spent = 1'230'000;
  run.token_budget = 2'000'000;
  run.tokens_reserved = 9'000;
  run.waited = 75'400ms;
  run.agents = {{"", 1, 4, 30}, {"explore-1", 1, 1, 10}};
  snapshot.runs.push_back(run);
  snapshot.queue.push_back({17, 0xABC, "explore-1", "claude-sonnet-4-20250514", "normal", 1500ms,
                            "requests per minute: 0 of 50 left, in 1.2 s", 1200ms});
  snapshot.queue.push_back(
      {18, 0xABC, "", "claude-sonnet-4-20250514", "low", 500ms, "concurrency 5 of 5", std::nullopt});
  snapshot.budgets.push_back({"group nightly", 2'000'000, 1'230'000, 9'000});
  return snapshot;
}
}  // namespace hivemind
