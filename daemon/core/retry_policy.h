// retry_policy.h - what becomes of an attempt that failed before content: providers' decision table, class by class.
// Invariants: nothing is retried that cannot succeed within the deadline; waiting for a limit does not use up attempts;
// retries stay within the pool's budget by waiting longer, not by failing an agent that has time.
#pragma once
#include "core/jitter.h"
#include "core/scheduler_config.h"
#include "core/signals.h"

namespace hivemind {

// How many retries a pool may send: a share of its requests, and a floor per minute.
// Invariant: balance stays in [-debt, floor]; it is earned by requests and by time, spent by retries.
class RetryBudget {
public:
  RetryBudget(const SchedulerConfig& config, TimePoint now) : balance_(config.retry_floor), updated_(now) {}
  void request_sent(const SchedulerConfig& config, TimePoint now);
  // Takes one retry and returns how long it has to wait for it (zero: not at all).
  Duration take(const SchedulerConfig& config, TimePoint now);

private:
  void earn(const SchedulerConfig& config, TimePoint now);
  double balance_;
  TimePoint updated_;
};

struct RetryState {
  int failures = 0;        // of this request that count as attempts, the latest included
  int unnamed_limits = 0;  // rate limits in a row that named no delay, the latest included
  TimePoint deadline;      // of the request
};
struct RetryDecision {
  bool retry = false;
  TimePoint not_before{};
};

// True for the classes that use up attempts.
bool counts_as_attempt(FailureClass c);
RetryDecision decide(const SchedulerConfig& config, const Failure& failure, const RetryState& state,
                     RetryBudget& budget, Jitter& jitter, TimePoint now);
}  // namespace hivemind
