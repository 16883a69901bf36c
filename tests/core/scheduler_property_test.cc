// Random traces: whatever happens, in whatever order, the scheduler's invariants hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/core/fleet.h"

namespace hivemind {
namespace {

// Drives a scheduler with random events and keeps its own account of every request.
class Trace {
public:
  explicit Trace(std::uint64_t seed) : random_(seed), scheduler_(configure(seed)) {
    for (RunId run = 1; run <= 6; ++run) {
      auto spec = run_spec(run, static_cast<Priority>(run % 4), 1 + static_cast<double>(run % 3));
      if (run == 2) spec.token_budget = 60'000;
      if (run == 3) spec.parent = 2, spec.token_budget = 20'000;
      if (run == 4) spec.parent = 2;
      scheduler_.add_run(spec, now_);
    }
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) step();
    finish();
  }

private:
  enum class State { waiting, running, over };
  struct Known {
    State state = State::waiting;
    TimePoint submitted;
    RunId run = 0;
  };

  static SchedulerConfig configure(std::uint64_t seed) {
    SchedulerConfig config;
    config.seed = seed;
    config.max_hold = 5min;
    config.max_queue = 40;
    config.admission = seed % 5 != 0;
    config.fair_order = seed % 7 != 0;
    config.breakers = seed % 11 != 0;
    return config;
  }
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }

  void act() {
    for (const auto& action : scheduler_.act(now_)) {
      const auto id = std::visit([](const auto& a) { return a.request; }, action);
      ASSERT_TRUE(known_.count(id));
      ASSERT_EQ(known_[id].state, State::waiting) << "acted on twice";
      known_[id].state = std::get_if<Dispatch>(&action) ? State::running : State::over;
    }
    const auto wake = scheduler_.wake_at();
    ASSERT_TRUE(!wake || *wake > now_) << "act() left something undone";
  }

  void step() {
    advance();
    const auto roll = pick(10);
    if (roll < 4)
      submit();
    else if (roll < 9)
      progress();
    else if (pick(3) == 0)
      cancel();
    act();
    check();
  }

  void advance() {
    auto by = std::chrono::milliseconds(pick(4) == 0 ? pick(5000) : pick(50));
    const auto wake = scheduler_.wake_at();
    now_ = wake && *wake < now_ + by ? *wake : now_ + by;
  }

  void submit() {
    auto asked = profile(pick(2) ? "anthropic" : "openai", static_cast<std::int64_t>(1 + pick(2000)),
                         static_cast<std::int64_t>(1 + pick(3000)));
    asked.account = pick(3) ? "a1" : "a2";
    asked.model_class = pick(3) ? "m" : "n";
    asked.agent = "agent" + std::to_string(pick(3));
    asked.client_retry = static_cast<int>(pick(2));
    if (pick(3) == 0) asked.client_timeout = std::chrono::seconds(1 + pick(100));
    const RunId run = 1 + pick(6);
    const auto id = scheduler_.submit(run, asked, now_);
    known_[id] = {State::waiting, now_, run};
  }

  std::optional<RequestId> any(State state) {
    std::vector<RequestId> ids;
    for (const auto& [id, k] : known_) {
      if (k.state == state) ids.push_back(id);
    }
    return ids.empty() ? std::nullopt : std::optional(ids[pick(ids.size())]);
  }

  Usage some_usage() {
    return pick(3) ? usage(static_cast<std::int64_t>(pick(2000)), static_cast<std::int64_t>(pick(1000))) : Usage{};
  }

  void progress() {
    const auto id = any(State::running);
    if (!id) return;
    if (pick(2)) {
      auto report = requests_left(50, static_cast<std::int64_t>(pick(50)));
      if (pick(2)) report.reset_after = std::chrono::seconds(pick(60));
      if (pick(4) == 0) report.dimension = static_cast<Dimension>(pick(4)), report.granularity = 1000;
      scheduler_.limits_seen(*id, std::span(&report, 1), pick(10) ? "" : "org", now_);
    }
    if (pick(3) == 0) {
      Failure failure{static_cast<FailureClass>(pick(8)), pick(4) ? 500 : 0, std::nullopt, ""};
      if (pick(2)) failure.retry_after = std::chrono::seconds(pick(90));
      const auto verdict = scheduler_.failed(*id, failure, pick(4) ? Usage{} : some_usage(), now_);
      known_[*id].state = verdict == FailureVerdict::retry ? State::waiting : State::over;
      return;
    }
    scheduler_.first_content(*id, now_);
    scheduler_.finished(*id, some_usage(), pick(10) == 0, now_);
    known_[*id].state = State::over;
  }

  void cancel() {
    const auto id = any(pick(2) ? State::waiting : State::running);
    if (!id) return;
    scheduler_.cancel(*id, some_usage(), now_);
    known_[*id].state = State::over;
  }

  void check() {
    std::map<RunId, std::pair<std::size_t, int>> counts;
    int running = 0;
    for (const auto& [id, k] : known_) {
      if (k.state == State::waiting) {
        ++counts[k.run].first;
        ASSERT_LE(now_ - k.submitted, 5min) << "a wait without end";
      } else if (k.state == State::running) {
        ++counts[k.run].second;
        ++running;
      }
    }
    for (RunId run = 1; run <= 6; ++run) {
      const auto seen = *scheduler_.run_snapshot(run);
      ASSERT_EQ(seen.waiting, counts[run].first);
      ASSERT_EQ(seen.in_flight, counts[run].second);
    }
    if (pick(50)) return;
    const auto snapshot = scheduler_.snapshot(now_);
    int in_pools = 0;
    std::size_t waiting = 0;
    for (const auto& pool : snapshot.pools) {
      in_pools += pool.in_flight;
      for (const auto& limit : pool.limits) ASSERT_LE(limit.available, static_cast<double>(limit.limit) + 1e-6);
    }
    for (const auto& [run, count] : counts) waiting += count.first;
    ASSERT_EQ(in_pools, running);
    ASSERT_EQ(snapshot.queue.size(), waiting);
    for (const auto& entry : snapshot.queue) ASSERT_FALSE(entry.reason.empty());
  }

  void finish() {
    for (int i = 0; i < 100'000 && (any(State::waiting) || any(State::running)); ++i) {
      if (const auto id = any(State::running)) {
        scheduler_.finished(*id, usage(10, 10), false, now_);
        known_[*id].state = State::over;
      } else {
        const auto wake = scheduler_.wake_at();
        ASSERT_TRUE(wake) << "somebody waits for nothing";
        now_ = *wake;
      }
      act();
    }
    EXPECT_FALSE(any(State::waiting));
    EXPECT_EQ(scheduler_.wake_at(), std::nullopt);
  }

  std::mt19937_64 random_;
  TimePoint now_ = start;
  Scheduler scheduler_;
  std::map<RequestId, Known> known_;
};

TEST(SchedulerProperty, RandomTraces) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Trace(seed).run(1500);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(SchedulerProperty, TheSameSeedGivesTheSameRun) {
  const auto once = [] {
    ProviderRules rules;
    rules.kind = ProviderRules::Kind::bucket;
    rules.fault = 0.2;
    Fleet fleet(SchedulerConfig{}, rules, 3);
    for (int i = 0; i < 11; ++i) fleet.add({.turns = 8});
    return fleet.run().order;
  };
  EXPECT_EQ(once(), once());
}
}  // namespace
}  // namespace hivemind
