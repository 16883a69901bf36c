// Where a request waits: in line, asleep until it may be sent again, parked until its budget has room, or until the
// answer to a prompt like its own begins.
#include <algorithm>

#include "core/scheduler_state.h"

namespace hivemind {

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
  if (!request.profile.prefixes.empty()) watch_prompt(request, now);
  touch(*request.pool);
  if (request.deadline <= request.pool->closed_told) request.pool->closed_told = {};
}

void Scheduler::Impl::sleep(Request& request, TimePoint until) {
  request.place = Request::Place::asleep;
  request.not_before = until;
  sleepers.emplace(until, request.id);
}

void Scheduler::Impl::park(Request& request, TimePoint now) {
  take_from_line(request, now);
  request.place = Request::Place::parked;
  request.parked_on = request.run->budget->short_of(request.bound());
  parked[request.parked_on].push_back(request.id);
}

void Scheduler::Impl::unpark(const std::shared_ptr<Budget>& budget, TimePoint now) {
  const auto found = parked.find(budget.get());
  if (found == parked.end()) return;
  const auto ids = std::move(found->second);
  parked.erase(found);
  for (const RequestId id : ids) wait_in_queue(requests.at(id), now);
}

void Scheduler::Impl::unpark_all(TimePoint now) {
  for (const auto& [budget, ids] : std::exchange(parked, {})) {
    for (const RequestId id : ids) wait_in_queue(requests.at(id), now);
  }
}

void Scheduler::Impl::leave_wait(Request& request, TimePoint now) {
  switch (request.place) {
    case Request::Place::queued:
      request.stood = take_from_line(request, now);
      touch(*request.pool);
      break;
    case Request::Place::asleep:
      sleepers.erase({request.not_before, request.id});
      break;
    case Request::Place::parked:
      if (auto& others = parked[request.parked_on]; std::erase(others, request.id) && others.empty())
        parked.erase(request.parked_on);
      break;
    case Request::Place::following:
      sleepers.erase({request.not_before, request.id});
      stop_following(request, now);
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
}  // namespace hivemind
