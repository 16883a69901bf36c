// A request's arrival: its run, pool and deadline, what it will take, and what its client finds that comes back.
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

// By when an answer should begin, for who has no deadline of its own: somebody looks at a main turn.
Duration target_of(const RequestProfile& profile, Priority priority) {
  if (priority == Priority::low || profile.request_class == "auxiliary") return 5min;
  return profile.request_class == "subagent" ? 1min : 10s;
}
}  // namespace

RunState& Scheduler::Impl::run_of(RunId id, TimePoint) {
  const auto [entry, is_new] = runs.try_emplace(id);
  RunState& run = entry->second;
  if (is_new) {
    run.spec.id = id;
    run.budget = caps.of("");
  }
  return run;
}

void Scheduler::Impl::guess(Request& request, TimePoint now) const {
  Pool& pool = *request.pool;
  static const TokenCalibration none;
  const TokenCalibration& calibration = config.calibration ? calibrations.of(request.profile) : none;
  const auto& prefixes = request.profile.prefixes;
  const bool may_be_held = !prefixes.empty() && pool.caches.believed();
  const auto cached = may_be_held ? pool.caches.held(prefixes, now).tokens : 0;
  request.need = expected_demand(request.profile,
                                 {*request.history, pool.history, calibration, config.reservation_quantile, cached});
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
    log.add({.at = now,
             .kind = DecisionKind::refused,
             .request = number,
             .run = id,
             .reason = {.kind = run.closed ? ReasonKind::closed : ReasonKind::queue_full}});
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
  Request& request = requests[number];
  request.id = number;
  request.run = &run;
  request.agent = &run.agent(profile.agent);
  request.history = &request.agent->history[profile.model_class];
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
  guess(request, now);
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
}  // namespace hivemind
