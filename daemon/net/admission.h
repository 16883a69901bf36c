// admission.h - the scheduler's shell: tells it the time, wakes whom it dispatches or refuses, and arms its one timer.
// Event-loop thread only. Outlives every coroutine that waits in admitted().
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "core/scheduler.h"
#include "net/cancel_point.h"
#include "net/waiter.h"

namespace hivemind {

class Admission {
public:
  Admission(asio::io_context& loop, SchedulerConfig config);

  void configure(SchedulerConfig config);
  void add_run(RunSpec run);
  void remove_run(RunId run);
  void drain(TimePoint deadline);

  RequestId submit(RunId run, RequestProfile profile);
  // Waits until the request may go out. Empty when it may, or when `cancel` was requested (the caller looks).
  asio::awaitable<std::optional<Refusal>> admitted(RequestId request, CancelPoint& cancel);

  void limits_seen(RequestId request, std::span<const LimitReport> limits, const std::string& organisation);
  void first_content(RequestId request);
  // With `retry` the caller waits in admitted() again.
  FailureVerdict failed(RequestId request, const Failure& failure, const Usage& usage);
  void finished(RequestId request, const Usage& usage, bool broken);
  void cancelled(RequestId request, const Usage& usage);

  // What the scheduler learned and spent, for the next daemon.
  std::string save() const { return scheduler_.save(Clock::now(), unix_time()); }
  bool restore(std::string_view bytes) { return scheduler_.restore(bytes, Clock::now(), unix_time()); }
  // What budgets have spent goes to `keep` at every change, before the requests it is of.
  void keep_spending(std::function<void(const std::string&)> keep) { keep_ = std::move(keep); }
  bool restore_spending(std::string_view bytes) {
    return scheduler_.restore_spending(bytes, Clock::now(), unix_time());
  }
  // Call now and then: a new day brings a new day's budget.
  void tell_time();

  Snapshot snapshot() const { return scheduler_.snapshot(Clock::now()); }
  std::vector<DecisionSnapshot> decisions(std::optional<std::uint64_t> about) const {
    constexpr std::size_t most = 1000;
    return scheduler_.decisions(about, most, Clock::now());
  }
  std::optional<RunSnapshot> run_snapshot(RunId run) const { return scheduler_.run_snapshot(run); }
  std::size_t open_requests() const { return open_.size(); }

private:
  struct Open {
    Waiter waiter;
    std::optional<Action> action;
  };
  static double unix_time();
  void act(TimePoint now);
  void arm();

  Scheduler scheduler_;
  asio::steady_timer timer_;
  std::optional<TimePoint> armed_;
  std::unordered_map<RequestId, Open> open_;
  std::function<void(const std::string&)> keep_;
};
}  // namespace hivemind
