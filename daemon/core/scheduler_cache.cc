// Order that minds what providers keep of prompts: those that begin alike wait for the first one's answer to begin, and
// whose prompt is about to be forgotten goes before its turn. Both only where what is saved outweighs the delay.
//   saved  = tokens that need not be computed, written and billed again, worth
//   worth  = max(share of the pool's minute that they take, where the provider counts cached input less;
//                tokens / 1000 per second: the delay of an agent that such a prompt's price pays for)
//   wait for a leader if worth >= what it is expected to take yet, at most min(mean + 4 deviations, a sixth of a
//   minute) go ahead if what the pool saves >= (requests overtaken) x (own cost - usual cost), within AheadOfTurn's
//   bound
#include <algorithm>

#include "core/scheduler_state.h"
#include "core/seconds.h"

namespace hivemind {
namespace {
constexpr std::int64_t least_saved = 1024;  // tokens: providers keep nothing smaller
constexpr double tokens_per_second = 1000;  // of delay: 0.3 cents at 3 dollars per million, 10 dollars an hour

// Longest that a request waits for leaders, and how long before the end of a prompt's time it goes ahead.
Duration sixth(const SchedulerConfig& config) { return config.minute / 6; }
double time_scale(const SchedulerConfig& config) { return in_seconds(config.minute) / 60; }
}  // namespace

// Of the pool's minute; nothing where the provider counts cached input all the same.
double Scheduler::Impl::saved_share(const Request& request, std::int64_t tokens) const {
  const Amounts saved = uncounted(request.profile, tokens);
  double share = 0;
  for (const auto& limit : request.pool->limits.all())
    if (limit.window() == config.minute) share = std::max(share, of(saved, limit.dimension()) / limit.limit());
  return share;
}

// What is saved, as time: the pool's, or an agent's.
Duration Scheduler::Impl::worth(const Request& request, std::int64_t tokens) const {
  const double minutes = static_cast<double>(tokens) / tokens_per_second / 60;
  return scaled(config.minute, std::max(saved_share(request, tokens), minutes));
}

// The first in line may wait for a leader; then it is no longer in line.
bool Scheduler::Impl::follow_leader(Request& request, TimePoint now) {
  Pool& pool = *request.pool;
  if (!config.cache_siblings || !pool.caches.believed()) return false;
  const auto writing = pool.caches.being_written(request.profile.prefixes, now);
  if (!writing || writing->saves < least_saved) return false;
  const Duration most = sixth(config), left = most - request.followed;
  const TimePoint until = std::min(writing->since + pool.lead_time.bound(most), now + left);
  const Duration expected = std::max(Duration{}, writing->since + pool.lead_time.mean(most) - now);
  if (until <= now || worth(request, writing->saves) < expected) return false;
  if (request.deadline - until < until - now) return false;  // its client would hardly live to see it
  request.stood = take_from_line(request, now);
  request.came_back = true;
  request.place = Request::Place::following;
  request.follows = {writing->prefix, writing->writer, writing->saves, now};
  request.not_before = until;
  sleepers.emplace(until, request.id);
  pool.caches.follow(writing->prefix, request.id);
  note(DecisionKind::held, request, reason(request, {}, now), now);
  return true;
}

void Scheduler::Impl::stop_following(Request& request, TimePoint now) {
  request.pool->caches.unfollow(request.follows.prefix, request.id);
  request.followed += now - request.follows.since;
}

void Scheduler::Impl::release_followers(const std::vector<RequestId>& followers, TimePoint now) {
  for (const RequestId id : followers) {
    Request& request = requests.at(id);
    sleepers.erase({request.not_before, id});
    stop_following(request, now);
    wait_in_queue(request, now);
  }
}

// An attempt with a prompt that may be kept: goes out, begins to be answered, is over.
void Scheduler::Impl::prompt_sent(Request& request, TimePoint now) {
  Pool& pool = *request.pool;
  request.attempt->sent = now;
  request.attempt->cached = pool.caches.held(request.profile.prefixes, now).tokens;
  request.attempt->leads = pool.caches.sent(request.id, request.profile.prefixes, now);
}

void Scheduler::Impl::prompt_begun(Request& request, TimePoint now) {
  Pool& pool = *request.pool;
  const Attempt& attempt = *request.attempt;
  if (attempt.leads) pool.lead_time.add(now - attempt.sent, sixth(config));
  release_followers(pool.caches.begun(request.profile.prefixes, attempt.sent, time_scale(config)), now);
}

void Scheduler::Impl::prompt_over(Request& request, const Usage& usage, TimePoint now) {
  Pool& pool = *request.pool;
  if (usage.known) pool.caches.told(request.attempt->cached, usage.cache_read);
  release_followers(pool.caches.over(request.id, request.profile.prefixes), now);
}

// A waiting request whose prompt is held: when it may go ahead.
void Scheduler::Impl::watch_prompt(Request& request, TimePoint now) {
  if (!config.cache_expiry || !request.pool->caches.believed()) return;
  const auto held = request.pool->caches.held(request.profile.prefixes, now);
  if (held.tokens < least_saved) return;
  request.ahead_from = held.until - sixth(config);
  request.pool->ahead.add(request.id, request.item.band, *request.ahead_from);
}

void Scheduler::Impl::unwatch_prompt(Request& request) {
  if (!request.ahead_from) return;
  request.pool->ahead.remove(request.id, request.item.band, *request.ahead_from);
  request.ahead_from.reset();
}

RunQueue::Place Scheduler::Impl::take_from_line(Request& request, TimePoint now) {
  unwatch_prompt(request);
  return request.pool->queue.erase(request.item, now);
}

// Takes who goes out now from the line. One that goes ahead pays with the turn it would have had: its flow is charged,
// and the order of the others stays.
RunQueue::Place Scheduler::Impl::take_its_turn(Request& request, TimePoint now) {
  Pool& pool = *request.pool;
  const double cost = request.item.cost;
  if (!request.ahead) {
    unwatch_prompt(request);
    pool.ahead.went_in_turn(cost);
    return pool.queue.pop_front(cost, now);
  }
  pool.ahead.went_ahead(cost);
  const auto stood = take_from_line(request, now);
  pool.queue.correct(request.item, cost);
  return stood;
}

Reason Scheduler::Impl::ahead_reason(const Request& request, TimePoint now) const {
  const auto held = request.pool->caches.held(request.profile.prefixes, now);
  return {.kind = ReasonKind::cache_ends, .need = static_cast<double>(held.tokens), .in = held.until - now};
}

// Who goes instead of the first in line, if anybody may.
Request* Scheduler::Impl::ahead_of(const Request& first, TimePoint now) {
  Pool& pool = *first.pool;
  if (!config.cache_expiry || !pool.caches.believed()) return nullptr;
  while (const auto due = pool.ahead.due(first.item.band, now)) {
    Request& request = requests.at(*due);
    const auto held = pool.caches.held(request.profile.prefixes, now);
    if (held.tokens < least_saved || held.until - sixth(config) > now) {  // too late, or it was used meanwhile
      unwatch_prompt(request);
      watch_prompt(request, now);
      continue;
    }
    guess(request, now);
    const double overtaken = static_cast<double>(pool.queue.size() - 1);
    const double cost = request.item.cost, saved = saved_share(request, held.tokens);
    if (!pool.ahead.allows(cost) || saved < overtaken * (cost - pool.ahead.usual_cost())) return nullptr;
    return &request;
  }
  return nullptr;
}
}  // namespace hivemind
