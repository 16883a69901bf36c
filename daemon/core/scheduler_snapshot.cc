#include <algorithm>

#include "core/scheduler_state.h"

namespace hivemind {
const char* to_string(Priority priority) {
  switch (priority) {
    case Priority::critical:
      return "critical";
    case Priority::high:
      return "high";
    case Priority::normal:
      return "normal";
    case Priority::low:
      return "low";
  }
  return "?";
}

RunSnapshot Scheduler::Impl::describe(const RunState& run) const {
  RunSnapshot s;
  s.id = run.spec.id;
  s.parent = run.spec.parent;
  s.name = run.spec.name;
  s.priority = to_string(run.spec.priority);
  s.weight = run.spec.weight;
  s.waiting = run.waiting;
  s.in_flight = run.in_flight;
  s.requests = run.requests;
  s.retries = run.retries;
  s.errors = run.errors;
  s.refused = run.refused;
  s.input_tokens = run.input_tokens;
  s.output_tokens = run.output_tokens;
  s.cached_tokens = run.cached_tokens;
  s.tokens_spent = run.tokens_spent;
  if (run.spec.token_budget && run.budget) s.token_budget = run.budget->limit();
  if (s.token_budget) s.tokens_reserved = run.budget->reserved();
  s.waited = run.waited;
  for (const auto& [name, agent] : run.agents)
    s.agents.push_back({name, agent.waiting, agent.in_flight, agent.requests});
  std::sort(s.agents.begin(), s.agents.end(), [](const auto& a, const auto& b) { return a.agent < b.agent; });
  return s;
}

Snapshot Scheduler::Impl::snapshot(TimePoint now) {
  Snapshot s;
  std::vector<Pool*> ordered;
  for (const auto& [key, pool] : pools) ordered.push_back(pool.get());
  std::sort(ordered.begin(), ordered.end(), [](const Pool* a, const Pool* b) {
    return std::tie(a->provider(), a->account(), a->model_class()) <
           std::tie(b->provider(), b->account(), b->model_class());
  });

  const auto add = [&](const Request& request, const Reason& why, std::optional<Duration> expected) {
    s.queue.push_back({request.id, request.run->spec.id, request.profile.agent, request.profile.model,
                       to_string(request.run->spec.priority), now - request.waiting_since, in_words(why), expected,
                       why});
  };
  std::unordered_map<const Pool*, std::size_t> elsewhere;  // asleep, parked or following
  std::vector<const Request*> apart;
  for (const auto& [id, request] : requests) {
    if (request.place == Request::Place::queued || request.place == Request::Place::under_way) continue;
    ++elsewhere[request.pool];
    apart.push_back(&request);
  }
  for (Pool* pool : ordered) {
    PoolSnapshot p;
    p.provider = pool->provider();
    p.account = pool->account();
    p.model_class = pool->model_class();
    p.window = pool->aimd().window();
    p.in_flight = pool->in_flight();
    p.waiting = pool->queue.size() + elsewhere[pool];
    p.breaker = pool->breaker(now);
    p.rate_limited = pool->rate_limited;
    p.overloads = pool->overloads;
    p.faults = pool->faults;
    p.cached_prefixes = pool->caches.size();
    p.following = pool->caches.followed();
    p.went_ahead = pool->ahead.count();
    for (const auto& window : pool->windows.all()) {
      const double spent = pool->spent();
      if (now >= window.end()) continue;
      p.windows.push_back({.length = window.length(),
                           .model_only = window.model_only(),
                           .rejected = window.closed_until(now).has_value(),
                           .used = window.used(spent, now),
                           .resets_in = window.end() - now,
                           .exhausted_in = window.exhausted_in(spent, now),
                           .paced_for = {}});
      if (const auto due = config.long_windows ? window.paced_until(spent, config.pace_from, now) : std::nullopt)
        p.windows.back().paced_for = *due - now;
    }
    const auto cooldown = pool->limits.cooldown(now);
    double per_request = 0;  // seconds between requests once the limits bind
    for (const auto& limit : pool->limits.all()) {
      p.limits.push_back({limit.dimension(), static_cast<std::int64_t>(limit.limit()), limit.available(now),
                          limit.window(), to_string(limit.source()),
                          cooldown ? std::optional(*cooldown - now) : std::nullopt,
                          of(pool->limits.outstanding(), limit.dimension())});
      if (limit.dimension() == Dimension::requests)
        per_request = std::max(per_request, in_seconds(limit.window()) / limit.limit());
    }
    s.pools.push_back(std::move(p));

    std::size_t ahead = 0;
    Gate gate;
    for (const auto& item : pool->queue.in_order(now)) {
      const Request& request = requests.at(item.request);
      if (ahead == 0) gate = pool->gate(request.need, request.patience(), config, now);
      if (ahead == 0 && gate.kind == Gate::Kind::open) gate = pool->paced(request.deadline, config, now);
      auto why = reason(request, gate, now);
      why.ahead = ahead;
      std::optional<Duration> expected;
      if (gate.until != TimePoint::max())
        expected = gate.until - now + from_seconds(per_request * static_cast<double>(ahead));
      add(request, why, expected);
      ++ahead;
    }
  }
  std::sort(apart.begin(), apart.end(), [](const Request* a, const Request* b) {
    return std::tie(a->not_before, a->id) < std::tie(b->not_before, b->id);
  });
  for (const Request* request : apart) {
    const bool asleep = request->place != Request::Place::parked;
    add(*request, reason(*request, {}, now), asleep ? std::optional(request->not_before - now) : std::nullopt);
  }

  s.budgets = caps.snapshot();
  for (const auto& [id, run] : runs) s.runs.push_back(describe(run));
  std::sort(s.runs.begin(), s.runs.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return s;
}

Refusal Scheduler::Impl::deadline_refusal(const Request& request, TimePoint now) const {
  const Gate gate = request.pool->gate(request.need, request.patience(), config, now);
  const Duration back = gate.until == TimePoint::max() ? Duration(5s) : std::clamp<Duration>(gate.until - now, 1s, 60s);
  return {RefusalKind::deadline,
          "HiveMind held this request for " + in_words(now - request.submitted) +
              ", as long as it may wait: " + request.pool->provider() + ", " + in_words(reason(request, gate, now)) +
              ". Try again in " + in_words(back),
          back, true};
}

// A limit that the request can never fit into, however long it waits. What a prompt cache or a wrong guess may still
// make smaller is tried twice before that is said.
const RateLimit* Scheduler::Impl::too_small_for(const Request& request) const {
  constexpr int tries = 2;
  if (!config.rate_limits) return nullptr;
  const Limits& limits = request.pool->limits;
  if (request.oversized >= tries) return limits.smaller_than(request.need);
  return limits.smaller_than(least_demand(request.profile, calibrations.of(request.profile)));
}

Refusal Scheduler::Impl::size_refusal(const Request& request, const RateLimit& limit) const {
  const auto least = least_demand(request.profile, calibrations.of(request.profile));
  const double size = request.oversized > 0 ? of(request.need, limit.dimension()) : of(least, limit.dimension());
  char text[300];
  std::snprintf(
      text, sizeof text,
      "HiveMind: this request takes at least %.0f %s at once, and %s allows this account %.0f%s: it can never be "
      "sent. Lower its max_tokens, or make it shorter",
      std::ceil(size), to_string(limit.dimension()), request.pool->provider().c_str(), limit.limit(),
      per_window(limit.window()).c_str());
  return {RefusalKind::too_large, text, std::nullopt, false};
}

// Asking again within a minute, as clients do, changes nothing.
Refusal Scheduler::Impl::window_refusal(const Request& request, const UtilisationWindow& window, TimePoint now) {
  return {RefusalKind::window,
          "HiveMind: the " + window_name(window.length()) + " window of this " + request.pool->provider() +
              " account " + (window.model_only() ? "for " + request.pool->model_class() + ' ' : "") +
              "is used up. It opens in " + in_words(window.end() - now) + ", later than this request may wait",
          std::nullopt, false};
}

Refusal Scheduler::Impl::budget_refusal(const Request& request) const {
  const Budget* const short_of = request.run->budget->short_of(request.bound());
  const Budget& budget = short_of ? *short_of : *request.run->budget;
  const bool own = request.run->spec.token_budget.has_value();
  std::string whose = caps.name_of(&budget), what_helps = "Raise it in the configuration ([budget])";
  if (whose.empty()) {
    whose = "the token budget of run '" + request.run->spec.name + "'" + (own ? "" : " (its parent's)");
    what_helps = "Raise --token-budget";
  }
  return {RefusalKind::budget,
          "HiveMind: " + whose + " does not allow this request: " + std::to_string(budget.spent()) + " of " +
              std::to_string(budget.limit()) + " tokens are spent, " +
              std::to_string(std::max<std::int64_t>(0, budget.left())) + " left, and it may take up to " +
              std::to_string(request.bound()) + ". " + what_helps + ", or lower the request's max_tokens",
          std::nullopt, false};
}
}  // namespace hivemind
