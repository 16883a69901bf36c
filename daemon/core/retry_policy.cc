#include "core/retry_policy.h"

#include <algorithm>

namespace hivemind {
namespace {
constexpr int attempts_to_fit = 4;
}

void RetryBudget::earn(const SchedulerConfig& config, TimePoint now) {
  const double per_second = config.retry_floor / std::max(1e-9, in_seconds(config.minute));
  balance_ = std::min<double>(std::max(config.retry_floor, 1), balance_ + per_second * in_seconds(now - updated_));
  updated_ = now;
}

void RetryBudget::request_sent(const SchedulerConfig& config, TimePoint now) {
  earn(config, now);
  balance_ = std::min<double>(std::max(config.retry_floor, 1), balance_ + config.retry_budget);
}

Duration RetryBudget::take(const SchedulerConfig& config, TimePoint now) {
  earn(config, now);
  const double per_second = std::max(config.retry_floor, 1) / std::max(1e-9, in_seconds(config.minute));
  const double missing = 1 - balance_;
  // Those that wait queue up behind each other, but not without end: a long outage is the breaker's matter.
  balance_ = std::max(balance_ - 1, -5.0 * std::max(config.retry_floor, 1));
  return missing <= 0 ? Duration{} : from_seconds(missing / per_second);
}

bool counts_as_attempt(FailureClass c) {
  return c == FailureClass::overload || c == FailureClass::fault || c == FailureClass::retryable;
}

RetryDecision decide(const SchedulerConfig& config, const Failure& failure, const RetryState& state,
                     RetryBudget& budget, Jitter& jitter, TimePoint now) {
  if (!config.retry) return {};
  Duration wait{};
  switch (failure.failure_class) {
    case FailureClass::permanent_quota:
    case FailureClass::client_error:
      return {};
    case FailureClass::long_window:
      if (!failure.retry_after) return {};
      wait = *failure.retry_after;
      break;
    case FailureClass::rate_limited:
    case FailureClass::ramp:
      // The pool waits for a named delay and goes on in order, so the request needs no jitter of its own.
      wait = failure.retry_after ? *failure.retry_after
                                 : std::max(jitter.full(config.backoff_base, config.backoff_cap, state.unnamed_limits),
                                            config.backoff_base / 2);
      break;
    case FailureClass::overload:
    case FailureClass::fault:
    case FailureClass::retryable:
      if (state.failures >= config.max_attempts) return {};
      // The less time is left, the sooner: more than one further attempt should fit.
      wait = std::min<Duration>(jitter.full(config.backoff_base, config.backoff_cap, state.failures - 1),
                                (state.deadline - now) / attempts_to_fit);
      wait = std::max(wait, failure.retry_after.value_or(Duration{}));
      wait = std::min(wait + budget.take(config, now), std::max(wait, config.minute));
      break;
  }
  if (wait >= state.deadline - now) return {};
  return {.retry = true, .not_before = now + wait};
}
}  // namespace hivemind
