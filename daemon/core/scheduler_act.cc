// What may happen now: who has slept enough, who has waited too long, and who goes out.
#include <algorithm>

#include "core/scheduler_state.h"

namespace hivemind {
namespace {
ReasonKind reason_of(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::budget:
      return ReasonKind::budget;
    case RefusalKind::deadline:
      return ReasonKind::deadline;
    case RefusalKind::too_large:
      return ReasonKind::too_large;
    case RefusalKind::window:
      return ReasonKind::window;
    case RefusalKind::queue_full:
      return ReasonKind::queue_full;
    case RefusalKind::draining:
      return ReasonKind::draining;
    case RefusalKind::run_closed:
      return ReasonKind::closed;
  }
  return ReasonKind::closed;
}
}  // namespace

std::vector<Action> Scheduler::Impl::act(TimePoint now) {
  std::vector<Action> actions = std::exchange(pending, {});
  while (!sleepers.empty() && sleepers.begin()->first <= now) {
    Request& request = requests.at(sleepers.begin()->second);
    sleepers.erase(sleepers.begin());
    if (request.place == Request::Place::following) stop_following(request, now);
    guess(request, now);
    wait_in_queue(request, now);
  }
  while (!deadlines.empty() && deadlines.begin()->first <= now) {
    Request& request = requests.at(deadlines.begin()->second);
    refuse(request, deadline_refusal(request, now), actions, now);
  }
  if (draining) {
    while (now >= *draining && !deadlines.empty()) {
      refuse(requests.at(deadlines.begin()->second),
             {RefusalKind::draining, "HiveMind is shutting down; try again in a moment", 5s, true}, actions, now);
    }
    return actions;
  }
  for (std::size_t i = 0; i < busy.size();) {
    Pool& pool = *busy[i];
    if (pool.changed || now >= pool.blocked_until) dispatch_from(pool, actions, now);
    if (!pool.queue.empty()) {
      ++i;
      continue;
    }
    pool.listed = false;
    busy[i] = busy.back();
    busy.pop_back();
  }
  return actions;
}

// Costs are shares of a pool's minute. Once it is another, who waits and who was served are compared by what they are
// now.
void Scheduler::Impl::rescale(Pool& pool, TimePoint now) {
  const auto changed = pool.rescaled(config);
  if (!changed) return;
  const double factor = *changed;
  for (auto& [id, request] : requests) {
    if (request.pool != &pool) continue;
    if (request.stood) request.stood = RunQueue::Place{factor * request.stood->run, factor * request.stood->agent};
    if (request.place == Request::Place::under_way)
      request.item.cost *= factor;
    else
      guess(request, now);
  }
  pool.ahead.rescale(factor);
  pool.queue.rescale(
      factor, [&](RequestId id) { return requests.at(id).item.cost; }, now);
}

// Strictly in order: the first request waits for what it needs, and nothing smaller takes it away. What it waits for
// is short for everybody in the pool, so no capacity is lost by it. A budget is one run's own: that request steps
// aside, and so does one that waits for a leader.
void Scheduler::Impl::dispatch_from(Pool& pool, std::vector<Action>& actions, TimePoint now) {
  pool.blocked_until = TimePoint::max();
  rescale(pool, now);
  while (const auto* first = pool.queue.front(now)) {
    Request* next = &requests.at(first->request);
    if (auto* other = ahead_of(*next, now)) next = other;
    Request& request = *next;
    request.ahead = request.id != first->request;
    const auto& budget = request.run->budget;
    const auto bound = request.bound();
    if (config.budgets && budget && bound > budget->left()) {
      if (budget->may_fit_later(bound))
        park(request, now);
      else
        refuse(request, budget_refusal(request), actions, now);
      continue;
    }
    const bool may_be_held = !request.profile.prefixes.empty();
    if (may_be_held && follow_leader(request, now)) continue;
    if (may_be_held || request.need_learned != pool.learned) guess(request, now);
    if (const auto* limit = too_small_for(request)) {
      refuse(request, size_refusal(request, *limit), actions, now);
      continue;
    }
    Gate gate = pool.gate(request.need, request.patience(), config, now);
    if (gate.kind == Gate::Kind::window && turn_away(pool, gate, actions, now)) continue;
    if (gate.kind == Gate::Kind::open) gate = pool.paced(request.deadline, config, now);
    if (gate.kind == Gate::Kind::open) gate = pool.held(request.item, config, now);
    if (gate.kind != Gate::Kind::open) {
      pool.blocked_until = std::min(gate.until, pool.ahead.next(now).value_or(TimePoint::max()));
      note_held(request, gate, now);
      break;
    }
    dispatch(request, now);
    actions.push_back(Dispatch{request.id});
  }
  pool.changed = false;
}

// Sends the first request of its pool, or the one that goes ahead of it.
void Scheduler::Impl::dispatch(Request& request, TimePoint now) {
  Pool& pool = *request.pool;
  if (holds_turns(request)) pool.holds.waited(now - request.waiting_since);
  end_wait(request, now);
  request.stood = take_its_turn(request, now);
  request.place = Request::Place::under_way;
  ++request.run->in_flight;
  ++request.agent->in_flight;
  if (request.attempts++ == 0)
    pool.retries.request_sent(config, now);
  else
    ++request.run->retries;
  request.attempt.emplace();
  if (config.budgets && request.run->budget) {
    request.attempt->reserved = Budget::reserve(request.run->budget, request.bound());
    spending_changed = true;
  }
  request.attempt->spending = pool.sent(++last_attempt, request.need, config, now);
  note(DecisionKind::dispatched, request, request.ahead ? ahead_reason(request, now) : Reason{}, now);
  if (!request.profile.prefixes.empty()) prompt_sent(request, now);
}

void Scheduler::Impl::erase(Request& request) {
  --request.pool->users;
  requests.erase(request.id);
}

// A closed run goes when its last request has; what its budget had left goes back to its parent's.
void Scheduler::Impl::release(RunState& run, TimePoint now) {
  if (!run.closed || run.in_flight > 0 || run.waiting > 0) return;
  const auto parent = run.budget ? run.budget->parent() : nullptr;
  runs.erase(run.spec.id);
  if (parent) unpark(parent, now);
}

void Scheduler::Impl::refuse(Request& request, Refusal refusal, std::vector<Action>& actions, TimePoint now) {
  leave_wait(request, now);
  if (refusal.kind == RefusalKind::deadline) keep_place(request, now);
  ++request.run->refused;
  const Reason why =
      refusal.kind == RefusalKind::budget ? budget_reason(request) : Reason{.kind = reason_of(refusal.kind)};
  note(DecisionKind::refused, request, why, now);
  actions.push_back(Refuse{request.id, std::move(refusal)});
  RunState& run = *request.run;
  erase(request);
  release(run, now);
}

// A long window is closed: who cannot outwait it is told so now. True: somebody was.
bool Scheduler::Impl::turn_away(Pool& pool, const Gate& closed, std::vector<Action>& actions, TimePoint now) {
  if (std::exchange(pool.closed_told, closed.until) == closed.until) return false;
  bool any = false;
  for (const auto& item : pool.queue.in_order(now)) {
    Request& request = requests.at(item.request);
    if (request.deadline > closed.until) continue;
    refuse(request, window_refusal(request, *closed.window, now), actions, now);
    any = true;
  }
  return any;
}

void Scheduler::Impl::close_run(RunId id, TimePoint now) {
  const auto found = runs.find(id);
  if (found == runs.end()) return;
  RunState& run = found->second;
  run.closed = true;
  for (const auto& [key, pool] : pools) pool->holds.run_ended(id);
  std::vector<RequestId> left;
  if (run.waiting > 0) {
    for (const auto& [number, request] : requests) {
      if (request.run == &run && request.place != Request::Place::under_way) left.push_back(number);
    }
  }
  std::sort(left.begin(), left.end());
  const Refusal refusal{RefusalKind::run_closed, "HiveMind: run '" + run.spec.name + "' has ended", std::nullopt,
                        false};
  if (left.empty()) release(run, now);
  for (const RequestId number : left) refuse(requests.at(number), refusal, pending, now);
}
}  // namespace hivemind
