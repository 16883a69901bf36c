// demand.h - what a request will take of each limit (a guess, corrected on usage), and what it did take.
// The budget's bound is another matter: it must be sound, this must be close.
#pragma once
#include "core/limits.h"
#include "core/signals.h"
#include "core/usage_history.h"

namespace hivemind {

// `agent`: history of the same agent and model, `pool`: of everybody in the pool, for an agent's first requests.
Amounts expected_demand(const RequestProfile& profile, const UsageHistory& agent, const UsageHistory& pool);
// What the provider counts of `usage`; unknown usage: what was expected.
Amounts charged(const RequestProfile& profile, const Amounts& expected, const Usage& usage);
void learn(UsageHistory& history, const RequestProfile& profile, const Usage& usage);
}  // namespace hivemind
