// demand.h - what a request will take of each limit (a guess, corrected on usage), and what it did take, counted as its
// provider counts. The budget's bound is another matter: it must be sound, this must be close.
#pragma once
#include "core/limits.h"
#include "core/signals.h"
#include "core/token_calibration.h"
#include "core/usage_history.h"

namespace hivemind {

// What is known of requests like this one.
struct Experience {
  const UsageHistory& agent;  // of the same agent and model
  const UsageHistory& pool;   // of everybody in the pool, for an agent's first requests
  const TokenCalibration& calibration;
  double quantile = 0.9;    // of what is known, to be reserved
  std::int64_t cached = 0;  // of the estimated input: is held in the provider's cache, as far as we know
};
Amounts expected_demand(const RequestProfile& profile, const Experience& known);
// What the provider does not count of a prompt of which `tokens` are read from its cache.
Amounts uncounted(const RequestProfile& profile, std::int64_t tokens);
// What it takes of each limit at the very least, whatever the cache and the tokenizer do.
Amounts least_demand(const RequestProfile& profile, const TokenCalibration& calibration);
// What the provider counts of `usage`; unknown usage: what was expected.
Amounts charged(const RequestProfile& profile, const Amounts& expected, const Usage& usage);
// False: it limits how many run at once and nothing else, so that a rejection tells of no rate.
bool counts_rates(std::string_view provider);
// What a provider says was used, were it true: no less than nothing, no more than any model takes.
Usage sane(Usage usage);
void learn(UsageHistory& history, const RequestProfile& profile, const Usage& usage);
}  // namespace hivemind
