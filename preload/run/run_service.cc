#include "preload/run/run_service.h"

#include <algorithm>

#include "preload/run/process_status.h"
#include "preload/run/say.h"

namespace hivemind::run {
namespace {
constexpr std::uint64_t ms = 1'000'000, second = 1000 * ms;
constexpr std::uint64_t summary_interval = 3 * second;  // what a dying daemon may forget of a run's budget
constexpr std::uint64_t sweep_interval = 30 * second;
constexpr std::uint64_t accept_patience = 180 * second;  // past any client's own
constexpr std::uint64_t closed_patience = 30 * second;   // fail closed: how long a connection waits for a daemon
constexpr std::uint64_t steady = 10 * second;            // a daemon that lived this long was worth starting
constexpr std::uint64_t first_pause = 100 * ms, longest_pause = 5 * second;
constexpr unsigned most_starts = 20;  // in a row; then we only look whether somebody starts one

std::string seconds(std::uint64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(ns) / 1e9);
  return text;
}

hm_summary sum(const hm_summary& a, const hm_summary& b) {
  hm_summary all = b;
  all.requests += a.requests, all.passed += a.passed, all.retries += a.retries, all.errors += a.errors;
  all.input_tokens += a.input_tokens, all.output_tokens += a.output_tokens, all.cached_tokens += a.cached_tokens;
  all.waited_ms += a.waited_ms, all.refused += a.refused;
  all.tokens_spent = std::max(a.tokens_spent, b.tokens_spent);  // handed on from daemon to daemon
  return all;
}
}  // namespace

RunService::RunService(Link link, const hm_hello& hello, Listener& listener, RunTable& table, DaemonCommand daemon,
                       ProcessEnvironment daemon_environment, Capture* capture)
    : link_(std::move(link)),
      hello_(hello),
      daemon_(std::move(daemon)),
      environment_(std::move(daemon_environment)),
      capture_(capture) {
  ways_.emplace_back(listener, table);
  if (Entrance* second = capture ? capture->entrance() : nullptr) ways_.emplace_back(second->listener, second->table);
  served_since_ = monotonic_ns();
  next_summary_ = served_since_ + summary_interval;
  next_sweep_ = served_since_ + sweep_interval;
}

void RunService::watch(std::vector<pollfd>& list) const {
  for (const auto& way : ways_) list.push_back({way.relay.poll_fd(), POLLIN, 0});
  if (link_.socket) list.push_back({link_.socket.get(), POLLIN, 0});
  if (rehandover_) list.push_back({rehandover_->fd(), POLLIN, 0});
  if (capture_) capture_->watch(list);
}

int RunService::timeout_ms() const {
  std::uint64_t next = next_sweep_;
  if (link_.socket) {
    next = std::min(next, next_summary_);
  } else {
    next = std::min(next, next_look_);
    if (!rehandover_) next = std::min(next, next_attempt_);
  }
  const auto now = monotonic_ns();
  const int own = next <= now ? 0 : static_cast<int>((next - now) / ms) + 1;
  const int captures = capture_ ? capture_->timeout_ms() : -1;
  return captures < 0 ? own : std::min(own, captures);
}

void RunService::turn() {
  const auto now = monotonic_ns();
  if (link_.socket) read_messages();
  if (link_.socket && now >= next_summary_) {
    next_summary_ = now + summary_interval;
    if (!asked_) asked_ = ask_summary(link_.socket.get());
  }
  if (!link_.socket) try_again();
  if (!link_.socket && now >= next_look_) {
    next_look_ = now + second;
    if (hello_.fail_closed != 0)
      reset_waiting(now - closed_patience);
    else
      relay_connections(true);  // also after it ran out of descriptors
  }
  for (auto& way : ways_) way.relay.turn();
  if (capture_) capture_->turn();
  if (now >= next_sweep_) {
    next_sweep_ = now + sweep_interval;
    sweep(now);
  }
}

void RunService::read_messages() {
  while (link_.socket) {
    const auto incoming = next_message(link_.socket.get());
    switch (incoming.kind) {
      case Incoming::Kind::nothing:
        return;
      case Incoming::Kind::closed:
        return lose_daemon(false);
      case Incoming::Kind::refused:
        return lose_daemon(true);
      case Incoming::Kind::summary:
        asked_ = false;
        last_ = incoming.summary;
        break;
    }
  }
}

void RunService::lose_daemon(bool on_purpose) {
  const auto now = monotonic_ns();
  link_.socket.reset();
  asked_ = false;
  before_ = sum(before_, last_);
  last_ = {};
  hello_.tokens_spent = before_.tokens_spent;
  away_since_ = next_attempt_ = next_look_ = now;
  carried_before_ = carried();
  if (now - served_since_ > steady) attempts_ = 0;
  may_start_ = !on_purpose && attempts_ < most_starts;
  if (attempts_ > 0) next_attempt_ += std::min(first_pause << std::min(attempts_, 8u), longest_pause);
  sweep(now);
  if (hello_.fail_closed == 0) relay_connections(true);
  say(hello_.fail_closed != 0 ? "the daemon went away; connections wait for it (--fail closed)"
                              : "the daemon went away; until it is back connections go straight to their servers");
}

void RunService::try_again() {
  const auto now = monotonic_ns();
  if (!rehandover_) {
    if (now < next_attempt_) return;
    ++attempts_;
    rehandover_.emplace(daemon_, environment_, hello_, descriptors(), may_start_);
  }
  auto result = rehandover_->result();
  if (!result) return;
  rehandover_.reset();
  if (*result) return take_back(std::move(**result));
  if (may_start_ && attempts_ >= most_starts) {
    may_start_ = false;
    say("the daemon could not be started again (" + result->problem() + "); going on without it");
  }
  next_attempt_ =
      now + (may_start_ ? std::min(first_pause << std::min(attempts_ - 1, 8u), longest_pause) : longest_pause);
}

void RunService::take_back(Link link) {
  const auto now = monotonic_ns();
  link_ = std::move(link);
  relay_connections(false);  // what it carries it finishes
  may_start_ = true;
  served_since_ = now;
  next_summary_ = now + summary_interval;
  sweep(now);
  const auto by_relay = carried() - carried_before_;
  say("the daemon is back after " + seconds(now - away_since_) +
      (by_relay == 0 ? ""
                     : "; " + std::to_string(by_relay) + (by_relay == 1 ? " connection" : " connections") +
                           " went straight past it"));
}

void RunService::finish_relaying() {
  const auto deadline = monotonic_ns() + 2 * second;
  for (auto& way : ways_) {
    way.relay.turn();
    while (way.relay.has_parting_words() && monotonic_ns() < deadline) {
      pollfd ready{way.relay.poll_fd(), POLLIN, 0};
      ::poll(&ready, 1, 50);
      way.relay.turn();
    }
  }
}

std::vector<int> RunService::descriptors() const {
  std::vector<int> all;
  for (const auto& way : ways_) all.insert(all.end(), {way.listener.socket.get(), way.table.fd()});
  return all;
}

void RunService::relay_connections(bool whether) {
  for (auto& way : ways_) way.relay.accept_connections(whether);
}

void RunService::reset_waiting(std::uint64_t since_before_ns) {
  for (auto& way : ways_) way.relay.reset_waiting(way.table.waiting_since_before(since_before_ns));
}

void RunService::sweep(std::uint64_t now_ns) {
  for (auto& way : ways_) way.table.sweep(now_ns, accept_patience);
}

std::uint64_t RunService::carried() const {
  std::uint64_t sum = 0;
  for (const auto& way : ways_) sum += way.relay.carried();
  return sum;
}

hm_summary RunService::final_summary() {
  const auto deadline = monotonic_ns() + second;
  // An answer already under way is older than the agent's end.
  for (int answers = asked_ ? 2 : 1; answers > 0 && link_.socket; --answers) {
    if (!asked_) asked_ = ask_summary(link_.socket.get());
    for (auto now = monotonic_ns(); asked_ && link_.socket && now < deadline; now = monotonic_ns()) {
      pollfd ready{link_.socket.get(), POLLIN, 0};
      ::poll(&ready, 1, static_cast<int>((deadline - now) / ms) + 1);
      const auto incoming = next_message(link_.socket.get());
      if (incoming.kind == Incoming::Kind::closed) link_.socket.reset();
      if (incoming.kind != Incoming::Kind::summary) continue;
      last_ = incoming.summary;
      asked_ = false;
    }
  }
  return sum(before_, last_);
}
}  // namespace hivemind::run
