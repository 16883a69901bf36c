// scheduler.h - decides which request goes out when. Events in with `now`, actions out; nothing here waits.
// Invariants: a slot and every limit dimension are reserved before a dispatch and settled exactly once after it;
// no slot is held by a request that waits or backs off; every submitted request ends in exactly one of finished,
// passed on, refused or cancelled; a request's wait is bounded by its deadline.
// Runs on the event-loop thread only. `now` never goes back between calls.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/scheduler_config.h"
#include "core/signals.h"
#include "core/snapshot.h"

namespace hivemind {

using RunId = std::uint64_t;      // hm_hello.run_id
using RequestId = std::uint64_t;  // never reused

enum class Priority { critical = 0, high = 1, normal = 2, low = 3 };

struct RunSpec {
  RunId id = 0, parent = 0;  // parent 0: not nested
  std::string name;
  Priority priority = Priority::normal;
  double weight = 1.0;
  std::optional<std::int64_t> token_budget;  // carved out of the parent's
  std::int64_t tokens_spent = 0;             // carried over a daemon restart
  std::optional<TimePoint> deadline;         // requests of the run wait no longer than this
};

struct Dispatch {
  RequestId request;
};
struct Refuse {
  RequestId request;
  Refusal refusal;
};
using Action = std::variant<Dispatch, Refuse>;

// What becomes of an attempt that failed before content.
enum class FailureVerdict {
  retry,    // queued again: a Dispatch or Refuse follows
  pass_on,  // give the provider's bytes (or a reset) to the client; the request has ended
};

class Scheduler {
public:
  explicit Scheduler(SchedulerConfig config);
  ~Scheduler();
  Scheduler(Scheduler&&) noexcept;

  // Replaces the configuration; learned limits, runs and waiting requests stay.
  void configure(SchedulerConfig config, TimePoint now);

  void add_run(RunSpec run, TimePoint now);
  // Its waiting requests are refused with run_closed; those under way go on.
  void remove_run(RunId run, TimePoint now);

  // Queues a request. The answer is an Action of a later (or the next) call of act().
  RequestId submit(RunId run, RequestProfile profile, TimePoint now);
  // The client has left, at any stage. `usage`: what the attempt is known to have used; what was reserved for an
  // attempt that ran is charged when unknown.
  void cancel(RequestId request, const Usage& usage, TimePoint now);

  // Of a dispatched request, in this order, each optional but the last:
  void limits_seen(RequestId request, std::span<const LimitReport> limits, const std::string& organisation,
                   TimePoint now);
  void first_content(RequestId request, TimePoint now);
  FailureVerdict failed(RequestId request, const Failure& failure, const Usage& usage, TimePoint now);
  // Content went to the client; the request has ended. `broken`: the stream did not reach its end.
  void finished(RequestId request, const Usage& usage, bool broken, TimePoint now);

  // No new work is dispatched and what waits is refused with `draining` once `deadline` has passed.
  void drain(TimePoint deadline, TimePoint now);

  // Everything that may happen at `now`. Call after every event and at wake_at().
  std::vector<Action> act(TimePoint now);
  std::optional<TimePoint> wake_at() const;

  // The time of day, seconds since 1970: the day's budget begins anew at midnight (UTC). Tell it now and then.
  void wall_clock(TimePoint now, double unix_now);
  // What was learned and spent, as bytes that outlive a restart (restore them before the first run is added). Bounded;
  // of bytes that are not whole nothing is believed: false.
  std::string save(TimePoint now, double unix_now) const;
  bool restore(std::string_view bytes, TimePoint now, double unix_now);

  // What budgets have spent and set aside, when that changed since the last call; else empty. Kept before what was just
  // dispatched goes out and given back after restore(), it makes them hold whenever the daemon dies: what was set aside
  // then is spent.
  std::string spending(TimePoint now, double unix_now);
  bool restore_spending(std::string_view bytes, TimePoint now, double unix_now);

  Snapshot snapshot(TimePoint now) const;
  // The latest decisions, oldest first: all, or about one run or request (their ids never meet in practice).
  std::vector<DecisionSnapshot> decisions(std::optional<std::uint64_t> about, std::size_t most, TimePoint now) const;
  // Of one run, also for hm_summary; nullopt for an unknown run.
  std::optional<RunSnapshot> run_snapshot(RunId run) const;

private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};
}  // namespace hivemind
