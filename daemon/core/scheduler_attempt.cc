// An attempt from its first answer to its end: what it held is settled once, and what follows is decided.
#include "core/scheduler_state.h"

namespace hivemind {
namespace {
constexpr int moments = 1000;  // in a minute: so long after a probe it is surely out

// An attempt that was answered with an error, or never answered, used nothing as far as providers bill.
bool ran(const Failure& failure) { return failure.status > 0 && failure.status < 400; }
}  // namespace

// Settles what the attempt held. `ran`: the provider may have worked for it, so what is unknown counts as used.
void Scheduler::Impl::end_attempt(Request& request, const Usage& told, bool ran_anyway, TimePoint now) {
  const Usage usage = sane(told);
  Attempt& attempt = *request.attempt;
  Pool& pool = *request.pool;
  rescale(pool, now);  // before anything is counted by what was learned meanwhile
  Amounts actual{};
  if (usage.known || ran_anyway) actual = charged(request.profile, attempt.spending.need, usage);
  pool.limits.settle(attempt.spending, actual, now);
  pool.ended(now);
  if (usage.known) {
    calibrations.learn(request.profile, usage);
    learn(pool.history, request.profile, usage);
    learn(*request.history, request.profile, usage);
    ++pool.learned;
    request.run->account(usage);
    pool.queue.correct(request.item, pool.limits.share(actual, config.minute) - request.item.cost);
  }
  if (!request.profile.prefixes.empty()) prompt_over(request, usage, now);
  RunState& run = *request.run;
  const auto spent = usage.known ? usage.total() : ran_anyway && attempt.reserved ? request.bound() : 0;
  run.tokens_spent += spent;
  --run.in_flight;
  --request.agent->in_flight;
  if (attempt.reserved) attempt.reserved->settle(spent);
  spending_changed = true;
  request.attempt.reset();
  for (auto budget = run.budget; budget; budget = budget->cap()) unpark(budget, now);
  touch(pool);
}

void Scheduler::Impl::limits_seen(Request& request, std::span<const LimitReport> limits,
                                  const std::string& organisation, TimePoint now) {
  if (!request.attempt) return;
  if (!organisation.empty() && request.pool->organisation.empty()) share_limits(*request.pool, organisation, now);
  Pool& pool = *request.pool;
  if (!std::exchange(request.attempt->answered, true)) pool.answered();
  pool.observe(request.attempt->spending, limits, config, now);
  touch(pool);
}

FailureVerdict Scheduler::Impl::failed(Request& request, const Failure& told_failure, const Usage& usage,
                                       TimePoint now) {
  if (!request.attempt) return FailureVerdict::pass_on;
  Failure failure = told_failure;
  if (failure.retry_after <= std::optional(Duration{})) failure.retry_after.reset();  // "at once" has just proven wrong
  Pool& pool = *request.pool;
  const auto told = pool.failed(request.attempt->spending, failure, config, jitter, now);
  end_attempt(request, usage, ran(failure), now);
  // A probe that finds the provider overloaded still is the request's bad luck, not its fault.
  const bool unlucky = told.probe && failure.failure_class == FailureClass::overload;
  if (counts_as_attempt(failure.failure_class) && !unlucky) ++request.failures;
  const bool unnamed = failure.failure_class == FailureClass::rate_limited && !failure.retry_after;
  request.unnamed_limits = unnamed ? request.unnamed_limits + 1 : 0;

  if (failure.failure_class == FailureClass::rate_limited && pool.limits.smaller_than(request.need))
    ++request.oversized;

  RunState& run = *request.run;
  RetryDecision decision;
  if (!run.closed && !draining) {
    const RetryState state{request.failures, request.unnamed_limits, request.deadline};
    decision = decide(config, failure, state, pool.retries, jitter, now);
  }
  request.last_status = failure.status;
  request.last_failure = failure.failure_class;
  Reason why{.kind = decision.retry ? ReasonKind::backoff : ReasonKind::failed,
             .status = failure.status,
             .failure = failure.failure_class};
  if (decision.retry) why.in = decision.not_before - now;
  note(decision.retry ? DecisionKind::retried : DecisionKind::passed_on, request, why, now);
  if (!decision.retry) {
    ++run.errors;
    keep_place(request, now);
    erase(request);
    release(run, now);
    return FailureVerdict::pass_on;
  }
  begin_wait(request, now);
  // A delay, named or presumed, holds the whole pool, so its place in line is all this request needs.
  const auto cooldown = config.rate_limits ? pool.limits.cooldown(now) : std::nullopt;
  const bool pool_waits =
      (cooldown && (unnamed || *cooldown >= decision.not_before)) || (config.long_windows && pool.windows.closed(now));
  if (told.probe_at)  // somebody else probes next, lest one bad request keep the breaker open for all
    sleep(request, std::max(decision.not_before, *told.probe_at + config.minute / moments));
  else if (pool_waits)
    wait_in_queue(request, now);
  else
    sleep(request, decision.not_before);
  return FailureVerdict::retry;
}

void Scheduler::Impl::finished(Request& request, const Usage& usage, bool broken, TimePoint now) {
  if (!request.attempt) return;
  Pool& pool = *request.pool;
  Attempt& attempt = *request.attempt;
  if (!attempt.answered) pool.answered();
  if (broken) ++pool.faults;
  if (!attempt.content && !broken && !request.profile.prefixes.empty()) prompt_begun(request, now);
  if (!attempt.content && !broken)
    pool.succeeded(attempt.spending, config, now);
  else
    pool.undecided(attempt.spending.attempt, now);
  if (broken) request.agent->owed = true;
  end_attempt(request, usage, true, now);
  end_turn(request, now);
  note(DecisionKind::finished, request, {.kind = ReasonKind::done}, now);
  RunState& run = *request.run;
  erase(request);
  release(run, now);
}

void Scheduler::Impl::cancel(Request& request, const Usage& usage, TimePoint now) {
  note(DecisionKind::cancelled, request, {.kind = ReasonKind::left}, now);
  RunState& run = *request.run;
  if (request.attempt) {
    request.pool->undecided(request.attempt->spending.attempt, now);
    end_attempt(request, usage, true, now);
  } else {
    leave_wait(request, now);
  }
  keep_place(request, now);
  erase(request);
  release(run, now);
}
}  // namespace hivemind
