#include "core/scheduler.h"

#include <algorithm>

#include "core/scheduler_state.h"
#include "core/seconds.h"

namespace hivemind {
namespace {
constexpr int early_places = 64;  // places in line that a request gains when its client comes back for it

// What an agent waits for goes before side work of its run: a main turn and a compaction stop their agent, sub-agents
// work for it, titles and summaries keep nobody waiting (DECISIONS.md).
int lane_of(const std::string& request_class) {
  if (request_class == "subagent") return 1;
  return request_class == "auxiliary" ? 2 : 0;
}

ReasonKind reason_of(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::budget:
      return ReasonKind::budget;
    case RefusalKind::deadline:
      return ReasonKind::deadline;
    case RefusalKind::too_large:
      return ReasonKind::too_large;
    case RefusalKind::queue_full:
      return ReasonKind::queue_full;
    case RefusalKind::draining:
      return ReasonKind::draining;
    case RefusalKind::run_closed:
      return ReasonKind::closed;
  }
  return ReasonKind::closed;
}

// By when an answer should begin, for who has no deadline of its own: somebody looks at a main turn.
Duration target_of(const RequestProfile& profile, Priority priority) {
  if (priority == Priority::low || profile.request_class == "auxiliary") return 5min;
  return profile.request_class == "subagent" ? 1min : 10s;
}
}  // namespace

RunState& Scheduler::Impl::run_of(RunId id, TimePoint) {
  auto& run = runs[id];
  if (!run) {
    run = std::make_unique<RunState>();
    run->spec.id = id;
    run->budget = caps.of("");
  }
  return *run;
}

void Scheduler::Impl::guess(Request& request) const {
  Pool& pool = *request.pool;
  const TokenCalibration none, &calibration = config.calibration ? calibrations.of(request.profile) : none;
  request.need = expected_demand(request.profile, {request.agent->history[request.profile.model_class], pool.history,
                                                   calibration, config.reservation_quantile});
  request.input_bound = calibration.bound(request.profile.input_tokens, request.profile.input_bound);
  request.need_learned = pool.learned;
  request.item.cost = pool.limits.share(request.need, config.minute);
}

RequestId Scheduler::Impl::submit(RunId id, RequestProfile profile, TimePoint now) {
  const RequestId number = ++last_request;
  RunState& run = run_of(id, now);
  ++run.requests;
  if (waiting >= config.max_queue || run.closed) {
    ++run.refused;
    pending.push_back(
        Refuse{number, run.closed ? Refusal{RefusalKind::run_closed, "HiveMind: run '" + run.spec.name + "' has ended",
                                            std::nullopt, false}
                                  : Refusal{RefusalKind::queue_full,
                                            "HiveMind: " + std::to_string(waiting) +
                                                " requests wait already, the most "
                                                "that its max_queue allows; come back later",
                                            30s, true}});
    return number;
  }
  auto owned = std::make_unique<Request>();
  Request& request = *owned;
  requests.emplace(number, std::move(owned));
  request.id = number;
  request.run = &run;
  request.agent = &run.agent(profile.agent);
  request.pool = &pool_of(profile, now);
  ++request.pool->users;
  request.profile = std::move(profile);
  request.submitted = now;
  request.deadline = now + config.max_hold;
  if (request.profile.client_timeout) {
    request.deadline =
        std::min(request.deadline, now + scaled(*request.profile.client_timeout, config.client_timeout_margin));
  }
  if (run.spec.deadline) request.deadline = std::min(request.deadline, *run.spec.deadline);
  ++request.agent->requests;

  request.item = {.request = number,
                  .run = id,
                  .agent = request.agent->number,
                  .band = static_cast<int>(run.spec.priority),
                  .lane = config.class_order ? lane_of(request.profile.request_class) : 0,
                  .weight = run.spec.weight,
                  .rank = 2 * static_cast<std::int64_t>(number),
                  .since = now,
                  .start_by = run.spec.deadline.value_or(now + target_of(request.profile, run.spec.priority))};
  take_place(request, now);
  if (holds_turns(request)) request.item.held = request.pool->holds.turn_began({id, request.agent->number}, now);
  guess(request);
  note(DecisionKind::queued, request, {}, now);
  begin_wait(request, now);
  wait_in_queue(request, now);
  return number;
}

// A client that asks the same again goes on waiting where it was; one that only says so goes a little earlier.
void Scheduler::Impl::take_place(Request& request, TimePoint now) {
  const bool owed = std::exchange(request.agent->owed, false);
  if (!config.keep_place) return;
  if (const auto kept = request.agent->kept.take(request.profile.body_hash, now)) {
    request.item.rank = kept->rank;
    request.item.since = kept->since;
    request.stood = kept->stood;
    request.came_back = true;
  } else if (owed || request.profile.client_retry > 0) {
    request.item.rank -= 2 * early_places - 1;
  }
}

void Scheduler::Impl::keep_place(const Request& request, TimePoint now) {
  if (!config.keep_place || !request.stood) return;
  request.agent->kept.keep(request.profile.body_hash, {request.item.rank, request.item.since, *request.stood}, now);
}

// An agent whose turn has ended, with nothing else under way, may find its slot free when it comes back.
void Scheduler::Impl::end_turn(const Request& request, TimePoint now) {
  constexpr double cache_lasts = 240;  // seconds that a provider's prompt cache surely does
  Pool& pool = *request.pool;
  if (!holds_turns(request) || request.agent->in_flight > 0 || request.agent->waiting > 0) return;
  Amounts prompt{};
  of(prompt, Dimension::input_tokens) = of(prompt, Dimension::tokens) =
      static_cast<double>(request.profile.input_tokens);
  const bool cached = pool.provider() == "anthropic" && pool.holds.wait() < cache_lasts;
  const double reload = cached ? 0 : pool.limits.share(prompt, config.minute) * in_seconds(config.minute);
  pool.holds.turn_ended({request.run->spec.id, request.agent->number}, reload, now);
}

void Scheduler::Impl::begin_wait(Request& request, TimePoint now) {
  request.waiting_since = now;
  // Mostly the latest of all: no search.
  request.deadline_entry = deadlines.emplace_hint(deadlines.end(), request.deadline, request.id);
  ++waiting;
  ++request.run->waiting;
  ++request.agent->waiting;
}

void Scheduler::Impl::wait_in_queue(Request& request, TimePoint now) {
  request.place = Request::Place::queued;
  if (request.stood && std::exchange(request.came_back, false))
    request.pool->queue.come_back(request.item, *request.stood, now);
  else if (request.stood)
    request.pool->queue.put_back(request.item, *request.stood, now);
  else
    request.pool->queue.push(request.item, now);
  touch(*request.pool);
}

void Scheduler::Impl::sleep(Request& request, TimePoint until) {
  request.place = Request::Place::asleep;
  request.not_before = until;
  sleepers.emplace(until, request.id);
}

void Scheduler::Impl::park(Request& request, TimePoint now) {
  request.pool->queue.erase(request.item, now);
  request.place = Request::Place::parked;
  request.parked_on = request.run->budget->short_of(request.bound());
  parked[request.parked_on].push_back(request.id);
}

void Scheduler::Impl::unpark(const std::shared_ptr<Budget>& budget, TimePoint now) {
  const auto found = parked.find(budget.get());
  if (found == parked.end()) return;
  const auto ids = std::move(found->second);
  parked.erase(found);
  for (const RequestId id : ids) wait_in_queue(*requests.at(id), now);
}

void Scheduler::Impl::unpark_all(TimePoint now) {
  for (const auto& [budget, ids] : std::exchange(parked, {})) {
    for (const RequestId id : ids) wait_in_queue(*requests.at(id), now);
  }
}

void Scheduler::Impl::leave_wait(Request& request, TimePoint now) {
  switch (request.place) {
    case Request::Place::queued:
      request.stood = request.pool->queue.erase(request.item, now);
      touch(*request.pool);
      break;
    case Request::Place::asleep:
      sleepers.erase({request.not_before, request.id});
      break;
    case Request::Place::parked:
      std::erase(parked[request.parked_on], request.id);
      break;
    case Request::Place::under_way:
      return;
  }
  end_wait(request, now);
}

void Scheduler::Impl::end_wait(Request& request, TimePoint now) {
  deadlines.erase(request.deadline_entry);
  --waiting;
  --request.run->waiting;
  --request.agent->waiting;
  request.run->waited += now - request.waiting_since;
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
  note(DecisionKind::refused, request, {.kind = reason_of(refusal.kind)}, now);
  actions.push_back(Refuse{request.id, std::move(refusal)});
  RunState& run = *request.run;
  erase(request);
  release(run, now);
}

std::vector<Action> Scheduler::Impl::act(TimePoint now) {
  std::vector<Action> actions = std::exchange(pending, {});
  while (!sleepers.empty() && sleepers.begin()->first <= now) {
    Request& request = *requests.at(sleepers.begin()->second);
    sleepers.erase(sleepers.begin());
    guess(request);
    wait_in_queue(request, now);
  }
  while (!deadlines.empty() && deadlines.begin()->first <= now) {
    Request& request = *requests.at(deadlines.begin()->second);
    refuse(request, deadline_refusal(request, now), actions, now);
  }
  if (draining) {
    while (now >= *draining && !deadlines.empty()) {
      refuse(*requests.at(deadlines.begin()->second),
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

// Strictly in order: the first request waits for what it needs, and nothing smaller takes it away. What it waits for
// is short for everybody in the pool, so no capacity is lost by it. A budget is one run's own: that request steps
// aside.
void Scheduler::Impl::dispatch_from(Pool& pool, std::vector<Action>& actions, TimePoint now) {
  pool.blocked_until = TimePoint::max();
  while (const auto* first = pool.queue.front(now)) {
    Request& request = *requests.at(first->request);
    const auto& budget = request.run->budget;
    const auto bound = request.bound();
    if (config.budgets && budget && bound > budget->left()) {
      if (budget->may_fit_later(bound))
        park(request, now);
      else
        refuse(request, budget_refusal(request), actions, now);
      continue;
    }
    if (request.need_learned != pool.learned) guess(request);
    if (const auto* limit = too_small_for(request)) {
      refuse(request, size_refusal(request, *limit), actions, now);
      continue;
    }
    Gate gate = pool.gate(request.need, config, now);
    if (gate.kind == Gate::Kind::open) gate = pool.held(*first, config, now);
    if (gate.kind != Gate::Kind::open) {
      pool.blocked_until = gate.until;
      note_held(request, gate, now);
      break;
    }
    dispatch(request, now);
    actions.push_back(Dispatch{request.id});
  }
  pool.changed = false;
}

// Sends the first request of its pool.
void Scheduler::Impl::dispatch(Request& request, TimePoint now) {
  Pool& pool = *request.pool;
  if (holds_turns(request)) pool.holds.waited(now - request.waiting_since);
  end_wait(request, now);
  request.stood = pool.queue.pop_front(request.item.cost, now);
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
  }
  request.attempt->spending = pool.sent(++last_attempt, request.need, config, now);
  note(DecisionKind::dispatched, request, {}, now);
}

void Scheduler::Impl::close_run(RunId id, TimePoint now) {
  const auto found = runs.find(id);
  if (found == runs.end()) return;
  RunState& run = *found->second;
  run.closed = true;
  for (const auto& [key, pool] : pools) pool->holds.run_ended(id);
  std::vector<RequestId> left;
  for (const auto& [number, request] : requests) {
    if (request->run == &run && request->place != Request::Place::under_way) left.push_back(number);
  }
  std::sort(left.begin(), left.end());
  const Refusal refusal{RefusalKind::run_closed, "HiveMind: run '" + run.spec.name + "' has ended", std::nullopt,
                        false};
  if (left.empty()) release(run, now);
  for (const RequestId number : left) refuse(*requests.at(number), refusal, pending, now);
}

std::optional<TimePoint> Scheduler::Impl::wake_at() const {
  TimePoint at = TimePoint::max();
  if (!sleepers.empty()) at = std::min(at, sleepers.begin()->first);
  if (!deadlines.empty()) at = std::min(at, deadlines.begin()->first);
  if (draining) {
    if (!deadlines.empty()) at = std::min(at, *draining);
  } else {
    for (const Pool* pool : busy) at = std::min(at, pool->blocked_until);
  }
  return at == TimePoint::max() ? std::nullopt : std::optional(at);
}

Scheduler::Scheduler(SchedulerConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Scheduler::~Scheduler() = default;
Scheduler::Scheduler(Scheduler&&) noexcept = default;

void Scheduler::configure(SchedulerConfig config, TimePoint now) {
  impl_->config = std::move(config);
  impl_->caps.configure(impl_->config);
  impl_->unpark_all(now);
  for (const auto& [key, pool] : impl_->pools) {
    pool->configure(impl_->config, now);
    impl_->touch(*pool);
  }
}

void Scheduler::add_run(RunSpec spec, TimePoint now) {
  RunState& run = impl_->run_of(spec.id, now);
  const bool known = std::exchange(run.announced, true);
  spec.weight = spec.weight > 0 ? spec.weight : 1.0;
  run.spec = std::move(spec);
  if (known) return;
  run.tokens_spent += run.spec.tokens_spent;
  const auto parent = impl_->runs.find(run.spec.parent);
  const bool nested = run.spec.parent != 0 && run.spec.parent != run.spec.id && parent != impl_->runs.end();
  const auto above = nested && parent->second->budget ? parent->second->budget : impl_->caps.of(run.spec.name);
  run.budget = above;
  if (!run.spec.token_budget) return;
  const bool cap = above && above->is_shared();
  run.budget =
      Budget::open(*run.spec.token_budget, run.spec.tokens_spent, cap ? nullptr : above, cap ? above : nullptr);
}

void Scheduler::remove_run(RunId run, TimePoint now) { impl_->close_run(run, now); }

RequestId Scheduler::submit(RunId run, RequestProfile profile, TimePoint now) {
  return impl_->submit(run, std::move(profile), now);
}

void Scheduler::cancel(RequestId id, const Usage& usage, TimePoint now) {
  const auto found = impl_->requests.find(id);
  if (found != impl_->requests.end()) return impl_->cancel(*found->second, usage, now);
  std::erase_if(impl_->pending, [id](const Action& a) {
    return std::visit([id](const auto& action) { return action.request == id; }, a);
  });
}

void Scheduler::limits_seen(RequestId id, std::span<const LimitReport> limits, const std::string& organisation,
                            TimePoint now) {
  const auto found = impl_->requests.find(id);
  if (found != impl_->requests.end()) impl_->limits_seen(*found->second, limits, organisation, now);
}

void Scheduler::first_content(RequestId id, TimePoint now) {
  const auto found = impl_->requests.find(id);
  if (found == impl_->requests.end() || !found->second->attempt) return;
  auto& request = *found->second;
  if (!std::exchange(request.attempt->answered, true)) request.pool->answered();
  if (!std::exchange(request.attempt->content, true)) request.pool->succeeded(request.attempt->spending.attempt, now);
  impl_->touch(*request.pool);
}

FailureVerdict Scheduler::failed(RequestId id, const Failure& failure, const Usage& usage, TimePoint now) {
  const auto found = impl_->requests.find(id);
  if (found == impl_->requests.end()) return FailureVerdict::pass_on;
  return impl_->failed(*found->second, failure, usage, now);
}

void Scheduler::finished(RequestId id, const Usage& usage, bool broken, TimePoint now) {
  const auto found = impl_->requests.find(id);
  if (found != impl_->requests.end()) impl_->finished(*found->second, usage, broken, now);
}

void Scheduler::drain(TimePoint deadline, TimePoint) { impl_->draining = deadline; }
std::vector<Action> Scheduler::act(TimePoint now) { return impl_->act(now); }
std::optional<TimePoint> Scheduler::wake_at() const { return impl_->wake_at(); }
std::vector<DecisionSnapshot> Scheduler::decisions(std::optional<std::uint64_t> about, std::size_t most,
                                                   TimePoint now) const {
  return impl_->decisions(about, most, now);
}
void Scheduler::wall_clock(TimePoint now, double unix_now) { impl_->wall_clock(now, unix_now); }
std::string Scheduler::save(TimePoint now, double unix_now) const { return impl_->save(now, unix_now); }
bool Scheduler::restore(std::string_view bytes, TimePoint now, double unix_now) {
  return impl_->restore(bytes, now, unix_now);
}
Snapshot Scheduler::snapshot(TimePoint now) const { return impl_->snapshot(now); }

std::optional<RunSnapshot> Scheduler::run_snapshot(RunId run) const {
  const auto found = impl_->runs.find(run);
  return found == impl_->runs.end() ? std::nullopt : std::optional(impl_->describe(*found->second));
}
}  // namespace hivemind
