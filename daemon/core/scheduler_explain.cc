// Why things are as they are: reasons as data, and the latest decisions with theirs.
#include <cmath>

#include "core/scheduler_state.h"

namespace hivemind {

Reason Scheduler::Impl::reason(const Request& request, const Gate& gate, TimePoint now) const {
  const Pool& pool = *request.pool;
  Reason why;
  if (request.place == Request::Place::asleep) {
    why.kind = ReasonKind::backoff;
    why.in = request.not_before - now;
    why.status = request.last_status;
    why.failure = request.last_failure;
    return why;
  }
  if (request.place == Request::Place::following) {
    why.kind = ReasonKind::leader;
    why.need = static_cast<double>(request.follows.saves);
    why.request = request.follows.leader;
    why.in = request.not_before - now;
    return why;
  }
  if (request.place == Request::Place::parked) {
    return budget_reason(request);
  }
  if (gate.kind != Gate::Kind::open && gate.until != TimePoint::max()) why.in = gate.until - now;
  switch (gate.kind) {
    case Gate::Kind::open:
      break;
    case Gate::Kind::cooldown:
      why.kind = ReasonKind::cooldown;
      break;
    case Gate::Kind::overload:
      why.kind = ReasonKind::overload;
      break;
    case Gate::Kind::fault:
      why.kind = ReasonKind::fault;
      break;
    case Gate::Kind::quota:
      why.kind = ReasonKind::quota;
      break;
    case Gate::Kind::window:
    case Gate::Kind::pace:
      why.kind = gate.kind == Gate::Kind::window ? ReasonKind::window : ReasonKind::pace;
      why.limit = 1;
      why.available = std::max(0.0, 1 - gate.window->used(pool.spent(), now));
      why.window = gate.window->length();
      break;
    case Gate::Kind::acceleration:
      why.kind = ReasonKind::acceleration;
      why.dimension = Dimension::tokens;
      why.limit = pool.acceleration().allowed(now);
      why.available = why.limit - pool.acceleration().sent(now);
      why.need = of(request.need, Dimension::tokens);
      break;
    case Gate::Kind::hold:
      why.kind = ReasonKind::hold;
      break;
    case Gate::Kind::concurrency:
      why.kind = ReasonKind::concurrency;
      why.dimension = Dimension::concurrency;
      why.limit = pool.aimd().allowed(now);
      why.need = pool.in_flight();
      why.learning = why.limit < std::floor(pool.aimd().window());
      break;
    case Gate::Kind::limit:
      why.kind = ReasonKind::limit;
      why.dimension = gate.dimension;
      why.need = of(request.need, gate.dimension);
      why.limit = gate.limit->limit();
      why.available = gate.limit->available(now);
      why.window = gate.limit->window();
      break;
  }
  return why;
}

// Of the budget, its own or one above it, that has not enough left.
Reason Scheduler::Impl::budget_reason(const Request& request) {
  const Budget* const short_of = request.run->budget->short_of(request.bound());
  const Budget& budget = short_of ? *short_of : *request.run->budget;
  Reason why;
  why.kind = ReasonKind::budget;
  why.limit = static_cast<double>(budget.limit());
  why.available = static_cast<double>(budget.left());
  why.need = static_cast<double>(request.bound());
  return why;
}

void Scheduler::Impl::note(DecisionKind kind, const Request& request, const Reason& reason, TimePoint now) {
  log.add({.at = now,
           .kind = kind,
           .request = request.id,
           .run = request.run->spec.id,
           .agent = request.agent->number,
           .attempts = request.attempts,
           .waited = now - request.submitted,
           .reason = reason});
}

// A pool's first in line is held for many calls of act(): told once for each gate.
void Scheduler::Impl::note_held(const Request& request, const Gate& gate, TimePoint now) {
  Pool::Held& told = request.pool->held_told;
  const Pool::Held is{request.id, gate.kind, gate.dimension};
  if (told == is) return;
  told = is;
  note(DecisionKind::held, request, reason(request, gate, now), now);
}

std::vector<DecisionSnapshot> Scheduler::Impl::decisions(std::optional<std::uint64_t> about, std::size_t most,
                                                         TimePoint now) const {
  std::vector<DecisionSnapshot> found;
  log.each([&](const Decision& decision) {
    if (about && decision.run != *about && decision.request != *about) return;
    DecisionSnapshot s;
    s.number = decision.number;
    s.request = decision.request;
    s.run = decision.run;
    s.ago = now - decision.at;
    s.waited = decision.waited;
    s.kind = to_string(decision.kind);
    s.attempts = decision.attempts;
    s.reason = in_words(decision.reason);
    s.why = decision.reason;
    if (const auto run = runs.find(decision.run); run != runs.end()) {
      for (const auto& [name, agent] : run->second.agents) {
        if (agent.number == decision.agent) s.agent = name;
      }
    }
    found.push_back(std::move(s));
  });
  if (found.size() > most) found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(most));
  return found;
}

const char* to_string(DecisionKind kind) {
  static constexpr const char* names[] = {"queued",  "held",      "dispatched", "retried",
                                          "refused", "passed on", "finished",   "cancelled"};
  return names[static_cast<std::size_t>(kind)];
}
}  // namespace hivemind
