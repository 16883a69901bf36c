// scheduler_config.h - every number the scheduler is steered by. Plain data; the config file fills it (hivemind.toml).
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/time.h"

namespace hivemind {

// What is believed of a provider before its headers say better. Seeds are hypotheses; absent: unlimited until learned.
struct ProviderSeed {
  std::optional<std::int64_t> requests_per_minute, input_tokens_per_minute, output_tokens_per_minute, tokens_per_minute;
  int concurrency = 5;       // where AIMD starts
  int max_concurrency = 64;  // where it ends
  double increase = 0.5;     // alpha: added per full window of successes
  double decrease = 0.5;     // beta: multiplied once per congestion epoch
};

struct SchedulerConfig {
  std::map<std::string, ProviderSeed> seeds;  // by dialect name; "" for any other
  Duration minute = 60s;                      // length of a provider's minute; shorter only against a time-scaled mock

  // Each primitive can be switched off (ablation).
  bool admission = true, rate_limits = true, breakers = true, budgets = true, fair_order = true, retry = true;

  std::string policy = "fair";  // who goes next inside a priority band (order_policies.cc)
  bool slow_start = true;       // the window doubles until the first sign of congestion
  bool class_order = true;      // inside a run: what an agent waits for before side work, as its client classes them
  bool keep_place = true;       // a client that asks the same again keeps its place in line
  bool cache_siblings = true;   // prompts that begin alike wait for the first one's answer to begin
  bool cache_expiry = true;     // whose prompt a provider is about to forget goes before its turn

  // Long windows of which only a share is told (subscriptions): hold what they reject; from this share on, spread what
  // is left over the time that is left. 1: only hold.
  bool long_windows = true;
  double pace_from = 0.8;
  // Traffic above so many tokens a minute grows by at most half in a quarter of an hour, and begins anew after idle.
  bool acceleration = true;
  std::int64_t acceleration_floor = 1'000'000;

  // Tokens that runs may spend between them; absent: unlimited. A group is what a run's name says before its first
  // slash.
  std::optional<std::int64_t> day_budget, total_budget;
  std::map<std::string, std::int64_t> group_budgets;
  Duration remember = 7 * 24h;  // how long what was learned of an account is believed without using it

  double reservation_quantile = 0.9;  // of what requests like this one used: so much of a limit is reserved for it
  bool calibration = true;            // learn how many tokens a client's bytes are, per model

  int max_attempts = 8;                           // upstream attempts of one request, the first included
  double retry_budget = 0.2;                      // retries per request, with a floor
  int retry_floor = 10;                           // retries always allowed per minute and pool
  Duration backoff_base = 1s, backoff_cap = 30s;  // full jitter: U(0, min(cap, base * 2^k))
  Duration max_hold = 30min;                      // longest a request waits in all when its client names no timeout
  double client_timeout_margin = 0.95;            // share of a client's own timeout that may pass before it is answered
  Duration max_cooldown = 1h;                     // longest belief in a Retry-After before it is probed again
  Duration breaker_open = 5s, breaker_open_cap = 60s;
  int breaker_failures = 5;       // consecutive overloads (or faults) that open a breaker
  Duration aging_step = 30s;      // a waiting request climbs one priority band per step
  std::size_t max_queue = 10000;  // requests waiting in all
  std::uint64_t seed = 1;         // of the jitter
};
}  // namespace hivemind
