// scheduler_state.h - the scheduler's insides, shared by the scheduler_*.cc, one idea each.
// Invariants: a request is in exactly one place: a pool's queue, asleep, parked for its budget, following a leader
// (with an entry among the sleepers, so that it ends by itself), or under way; it has a deadline entry exactly while it
// waits, and an attempt exactly while it is under way.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/budget_caps.h"
#include "core/decision_log.h"
#include "core/demand.h"
#include "core/pool.h"
#include "core/run_state.h"
#include "core/scheduler.h"

namespace hivemind {

struct Attempt {
  Spending spending;
  std::optional<Budget::Reservation> reserved;
  bool answered = false, content = false;
  // Of a prompt that may be kept (scheduler_cache.cc):
  TimePoint sent{};
  std::int64_t cached = 0;  // tokens that were held when it went out
  bool leads = false;       // others may wait for it
};

struct Request {
  enum class Place { queued, asleep, parked, following, under_way };
  RequestId id = 0;
  RunState* run = nullptr;
  AgentState* agent = nullptr;
  Pool* pool = nullptr;
  UsageHistory* history = nullptr;  // of its agent and model class
  RequestProfile profile;
  Place place = Place::queued;
  TimePoint submitted, deadline, waiting_since, not_before{};
  std::set<std::pair<TimePoint, RequestId>>::iterator deadline_entry;  // while it waits
  RunQueue::Item item;
  std::optional<RunQueue::Place> stood;  // its place in line before the last attempt
  bool came_back = false;                // it stood there for a client that left
  Amounts need{};
  std::uint64_t need_learned = 0;  // Pool::learned when `need` was guessed
  int attempts = 0, failures = 0, unnamed_limits = 0;
  int last_status = 0;
  FailureClass last_failure = FailureClass::fault;
  std::optional<Attempt> attempt;

  std::int64_t input_bound = 0;  // by what is known of its client's bytes, else profile.input_bound
  const Budget* parked_on = nullptr;
  struct Follows {
    std::uint64_t prefix = 0;
    RequestId leader = 0;
    std::int64_t saves = 0;  // tokens
    TimePoint since{};
  } follows;                            // while it follows a leader
  Duration followed{};                  // in all, before
  std::optional<TimePoint> ahead_from;  // while it is in line: when it may go before its turn
  bool ahead = false;                   // it goes before its turn
  int oversized = 0;                    // rejections while it was larger than a whole limit
  Duration patience() const { return deadline - submitted; }

  // The most that its budget may be charged for one attempt.
  std::int64_t bound() const { return input_bound + profile.output_bound; }
};

std::string pool_key(const std::string& provider, const std::string& account, const std::string& model_class);

class Scheduler::Impl {
public:
  explicit Impl(SchedulerConfig c) : config(std::move(c)), jitter(config.seed) { caps.configure(config); }

  // Events.
  RunState& run_of(RunId id, TimePoint now);
  RequestId submit(RunId run, RequestProfile profile, TimePoint now);
  void cancel(Request& request, const Usage& usage, TimePoint now);
  void limits_seen(Request& request, std::span<const LimitReport> limits, const std::string& organisation,
                   TimePoint now);
  FailureVerdict failed(Request& request, const Failure& failure, const Usage& usage, TimePoint now);
  void finished(Request& request, const Usage& usage, bool broken, TimePoint now);
  void close_run(RunId id, TimePoint now);
  std::vector<Action> act(TimePoint now);
  std::optional<TimePoint> wake_at() const;

  // Pools.
  Pool& pool_of(const RequestProfile& profile, TimePoint now);
  void forget_idle_pools(TimePoint now);
  void share_limits(Pool& pool, const std::string& organisation, TimePoint now);
  void move_requests(Pool& from, Pool& to, TimePoint now);
  void touch(Pool& pool);

  // A waiting request's places.
  void wait_in_queue(Request& request, TimePoint now);
  void sleep(Request& request, TimePoint until);
  void park(Request& request, TimePoint now);
  void unpark(const std::shared_ptr<Budget>& budget, TimePoint now);
  void unpark_all(TimePoint now);
  void leave_wait(Request& request, TimePoint now);  // from any of them
  void begin_wait(Request& request, TimePoint now);
  void end_wait(Request& request, TimePoint now);
  void end_turn(const Request& request, TimePoint now);
  static bool holds_turns(const Request& request) { return request.pool->queue.policy().holds_turns(); }
  void take_place(Request& request, TimePoint now);
  void keep_place(const Request& request, TimePoint now);
  void guess(Request& request, TimePoint now) const;

  // What providers keep of prompts (scheduler_cache.cc).
  bool follow_leader(Request& request, TimePoint now);
  void stop_following(Request& request, TimePoint now);
  void release_followers(const std::vector<RequestId>& followers, TimePoint now);
  void prompt_sent(Request& request, TimePoint now);
  void prompt_begun(Request& request, TimePoint now);
  void prompt_over(Request& request, const Usage& usage, TimePoint now);
  void watch_prompt(Request& request, TimePoint now);
  static void unwatch_prompt(Request& request);
  static RunQueue::Place take_from_line(Request& request, TimePoint now);
  static RunQueue::Place take_its_turn(Request& request, TimePoint now);
  Reason ahead_reason(const Request& request, TimePoint now) const;
  Request* ahead_of(const Request& first, TimePoint now);
  double saved_share(const Request& request, std::int64_t tokens) const;
  Duration worth(const Request& request, std::int64_t tokens) const;

  void rescale(Pool& pool, TimePoint now);
  void dispatch_from(Pool& pool, std::vector<Action>& actions, TimePoint now);
  void dispatch(Request& request, TimePoint now);
  void end_attempt(Request& request, const Usage& usage, bool ran, TimePoint now);
  bool turn_away(Pool& pool, const Gate& closed, std::vector<Action>& actions, TimePoint now);
  void refuse(Request& request, Refusal refusal, std::vector<Action>& actions, TimePoint now);
  void erase(Request& request);
  void release(RunState& run, TimePoint now);
  Refusal deadline_refusal(const Request& request, TimePoint now) const;
  void wall_clock(TimePoint now, double unix_now);
  std::string save(TimePoint now, double unix_now);
  bool restore(std::string_view bytes, TimePoint now, double unix_now);
  void pool_fields(auto& io, TimePoint now);
  std::string spending(TimePoint now, double unix_now);
  bool restore_spending(std::string_view bytes, TimePoint now, double unix_now);
  std::int64_t spent_before(RunId run);

  const RateLimit* too_small_for(const Request& request) const;
  Refusal size_refusal(const Request& request, const RateLimit& limit) const;
  static Refusal window_refusal(const Request& request, const UtilisationWindow& window, TimePoint now);
  Refusal budget_refusal(const Request& request) const;

  // For people.
  Reason reason(const Request& request, const Gate& gate, TimePoint now) const;
  static Reason budget_reason(const Request& request);
  void note(DecisionKind kind, const Request& request, const Reason& reason, TimePoint now);
  void note_held(const Request& request, const Gate& gate, TimePoint now);
  std::vector<DecisionSnapshot> decisions(std::optional<std::uint64_t> about, std::size_t most, TimePoint now) const;
  Snapshot snapshot(TimePoint now);
  RunSnapshot describe(const RunState& run) const;

  SchedulerConfig config;
  Jitter jitter;
  std::unordered_map<RunId, RunState> runs;
  std::unordered_map<RequestId, Request> requests;
  std::unordered_map<std::string, std::unique_ptr<Pool>> pools;  // by provider, account, class
  std::unordered_map<std::string, std::string> organisations;    // by provider, account
  std::vector<Pool*> busy;                                       // pools with something queued
  std::set<std::pair<TimePoint, RequestId>> sleepers, deadlines;
  std::unordered_map<const Budget*, std::vector<RequestId>> parked;
  TokenCalibrations calibrations;
  BudgetCaps caps;
  bool spending_changed = false;
  std::map<RunId, std::int64_t> awaited_runs;  // what runs of a daemon that died have spent, until they are handed over
  TimePoint await_runs_until{};
  std::vector<Action> pending;
  DecisionLog log;
  std::optional<TimePoint> draining;
  std::size_t waiting = 0, sweep_pools_at = 256;
  RequestId last_request = 0;
  std::uint64_t last_attempt = 0;
};
}  // namespace hivemind
