// The daemon dies at any moment: what budgets had set aside is spent, and no cap is ever overshot for it.
#include <cstring>

#include "core/state_bytes.h"
#include "tests/core/scheduler_fixture.h"

namespace hivemind {
namespace {

constexpr double unix_now = 1.76e9;

struct SpendingTest : SchedulerTest {
  SpendingTest() {
    config.total_budget = 100'000;
    config.group_budgets["team"] = 50'000;
  }
  static RunSpec budgeted(RunId id) {
    auto spec = run_spec(id);
    spec.name = "team/" + std::to_string(id);
    spec.token_budget = 20'000;
    return spec;
  }
  static std::int64_t spent(const Scheduler& scheduler, const std::string& name, TimePoint at) {
    for (const auto& budget : scheduler.snapshot(at).budgets)
      if (budget.name == name) return budget.spent;
    return -1;
  }
};

TEST_F(SpendingTest, WhatWasSetAsideWhenTheDaemonDiedIsSpent) {
  Scheduler first(config);
  first.add_run(budgeted(7), now);
  const auto answered = first.submit(7, profile(), now);
  ASSERT_EQ(act(first, now).sent.size(), 1u);
  first.finished(answered, usage(100, 100), false, now);
  first.submit(7, profile(), now);
  ASSERT_EQ(act(first, now).sent.size(), 1u);
  const auto reserved = first.run_snapshot(7)->tokens_reserved;
  ASSERT_GT(reserved, 0);
  const auto record = first.spending(now, unix_now);
  ASSERT_FALSE(record.empty());
  EXPECT_TRUE(first.spending(now, unix_now).empty()) << "nothing changed since";

  Scheduler next(config);
  ASSERT_TRUE(next.restore_spending(record, now, unix_now + 1));
  EXPECT_EQ(spent(next, "total", now), 200 + reserved);
  EXPECT_EQ(spent(next, "group team", now), 200 + reserved);
  next.add_run(budgeted(7), now);
  EXPECT_EQ(next.run_snapshot(7)->tokens_spent, 200 + reserved);
  next.submit(7, profile(), now);
  ASSERT_EQ(act(next, now).sent.size(), 1u);
  Scheduler third(config);  // and again, before anything was answered
  ASSERT_TRUE(third.restore_spending(next.spending(now, unix_now), now, unix_now));
  EXPECT_EQ(spent(third, "total", now), 200 + 2 * reserved);
}

TEST_F(SpendingTest, ARunThatHasNotComeBackYetIsNotForgotten) {
  Scheduler first(config);
  first.add_run(budgeted(7), now);
  first.finished((first.submit(7, profile(), now), act(first, now).sent.at(0)), usage(500, 500), false, now);
  Scheduler second(config);
  ASSERT_TRUE(second.restore_spending(first.spending(now, unix_now), now, unix_now));
  second.add_run(budgeted(8), now);
  second.submit(8, profile(), now);
  act(second, now);
  Scheduler third(config);
  ASSERT_TRUE(third.restore_spending(second.spending(now, unix_now), now, unix_now));
  third.add_run(budgeted(7), now);
  EXPECT_EQ(third.run_snapshot(7)->tokens_spent, 1000);
}

TEST_F(SpendingTest, OfBytesThatAreNotWholeNothingIsBelieved) {
  Scheduler first(config);
  first.add_run(budgeted(7), now);
  first.submit(7, profile(), now);
  act(first, now);
  const auto record = first.spending(now, unix_now);
  for (std::size_t size = 0; size < record.size(); ++size) {
    Scheduler next(config);
    EXPECT_FALSE(next.restore_spending(std::string_view(record).substr(0, size), now, unix_now));
    EXPECT_EQ(spent(next, "total", now), 0);
  }
}

TEST_F(SpendingTest, ACapThatReloadAddsHoldsForRunsUnderWay) {
  const auto capped = config;
  config.total_budget.reset();
  config.group_budgets.clear();
  Scheduler scheduler(config);
  auto spec = run_spec(7);
  spec.name = "team/7";
  scheduler.add_run(spec, now);
  scheduler.finished((scheduler.submit(7, profile(), now), act(scheduler, now).sent.at(0)), usage(49'500, 400), false,
                     now);
  scheduler.configure(capped, now);
  EXPECT_EQ(spent(scheduler, "group team", now), 49'900);
  const auto id = scheduler.submit(7, profile(), now);
  const auto acted = act(scheduler, now);
  ASSERT_EQ(acted.refused.size(), 1u);
  EXPECT_EQ(acted.refused[0].request, id);
  EXPECT_EQ(acted.refused[0].refusal.kind, RefusalKind::budget);
}

TEST_F(SpendingTest, NobodyHasSpentLessThanNothing) {
  Scheduler first(config);
  first.add_run(budgeted(7), now);
  first.finished((first.submit(7, profile(), now), act(first, now).sent.at(0)), usage(500, 500), false, now);
  const auto record = first.spending(now, unix_now);
  StateKind kind{};
  std::memcpy(&kind, record.data(), sizeof kind);
  const auto payload = record.substr(sizeof(StateSeal));
  const std::int64_t nothing = -1'000'000;
  const std::string less(reinterpret_cast<const char*>(&nothing), sizeof nothing);
  for (const std::size_t at : {sizeof nothing, payload.size() - sizeof nothing}) {  // the total, and the run's own
    SCOPED_TRACE(at);
    auto changed = payload;
    changed.replace(at, sizeof nothing, less);
    Scheduler next(config);
    EXPECT_FALSE(next.restore_spending(sealed(kind, changed), now, unix_now));
    next.add_run(budgeted(7), now);
    EXPECT_GE(next.run_snapshot(7)->tokens_spent, 0);
    EXPECT_GE(spent(next, "total", now), 0);
  }
}
}  // namespace
}  // namespace hivemind
