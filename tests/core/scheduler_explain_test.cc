// Every decision is told, with its reason as data.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/core/fleet.h"

namespace hivemind {
namespace {

std::vector<std::string> kinds(const Scheduler& scheduler, RequestId about, TimePoint now) {
  std::vector<std::string> found;
  for (const auto& decision : scheduler.decisions(about, 100, now)) found.push_back(decision.kind);
  return found;
}

struct SchedulerExplain : testing::Test {
  SchedulerConfig config;
  TimePoint now = start;
};

TEST_F(SchedulerExplain, WhoIsRefusedAtOnceIsToldToo) {
  config.max_queue = 0;
  Scheduler scheduler(config);
  const auto full = scheduler.submit(77, profile(), now);
  const auto told = scheduler.decisions(full, 100, now);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].kind, "refused");
  EXPECT_EQ(told[0].run, 77u);
  EXPECT_EQ(told[0].why.kind, ReasonKind::queue_full);
}

TEST_F(SchedulerExplain, ABudgetIsToldWithItsNumbers) {
  Scheduler scheduler(config);
  auto spec = run_spec(5);
  spec.token_budget = 100;
  scheduler.add_run(spec, now);
  const auto id = scheduler.submit(5, profile(), now);
  scheduler.act(now);
  const auto told = scheduler.decisions(id, 100, now).back();
  EXPECT_EQ(told.kind, "refused");
  EXPECT_EQ(told.why.kind, ReasonKind::budget);
  EXPECT_EQ(told.why.limit, 100);
  EXPECT_EQ(told.why.available, 100);
  EXPECT_GT(told.why.need, 100);
}

TEST_F(SchedulerExplain, ALimitIsToldWithItsNumbers) {
  config.seeds[""].requests_per_minute = 1;
  config.admission = false;
  Scheduler scheduler(config);
  const auto first = scheduler.submit(77, profile(), now);
  scheduler.act(now);
  const auto second = scheduler.submit(77, profile(), now);
  scheduler.act(now);
  EXPECT_EQ(kinds(scheduler, first, now), (std::vector<std::string>{"queued", "dispatched"}));
  const auto waiting = scheduler.snapshot(now).queue.at(0);
  const auto told = scheduler.decisions(second, 100, now).back();
  EXPECT_EQ(told.kind, "held");
  for (const Reason& why : {waiting.why, told.why}) {
    EXPECT_EQ(why.kind, ReasonKind::limit);
    EXPECT_EQ(why.dimension, Dimension::requests);
    EXPECT_EQ(why.limit, 1);
    EXPECT_LT(why.available, 1);
    EXPECT_EQ(why.need, 1);
    EXPECT_EQ(why.window, 60s);
    ASSERT_TRUE(why.in);
    EXPECT_GT(*why.in, 50s);
    EXPECT_STREQ(freed_by(why), "time");
  }
  EXPECT_EQ(waiting.reason, in_words(waiting.why));
}

// Room is left, yet a crowd is let out evenly: the limit that is spread is told, not "0 of 0".
TEST_F(SchedulerExplain, ASpreadLimitIsToldWithItsNumbers) {
  config.admission = false;
  Scheduler scheduler(config);
  scheduler.add_run(run_spec(1), now);
  auto told = requests_left(20, 19);
  told.bucket = false;
  told.reset_after = 60s;
  const auto first = scheduler.submit(1, profile(), now);
  scheduler.act(now);
  scheduler.limits_seen(first, {&told, 1}, "", now);
  scheduler.finished(first, usage(1, 1), false, now);
  now += 10s;  // the scout is back
  for (int i = 0; i < 30; ++i) {
    auto asked = profile();
    asked.client_timeout = 60s;
    scheduler.submit(1, asked, now);
  }
  ASSERT_LT(scheduler.act(now).size(), 10u);
  const auto held = scheduler.decisions(std::nullopt, 100, now).back();
  ASSERT_EQ(held.why.kind, ReasonKind::limit);
  EXPECT_EQ(held.why.limit, 20);
  EXPECT_GT(held.why.available, 1);
  EXPECT_EQ(held.why.window, Duration(60s));
}

TEST_F(SchedulerExplain, AHoldIsToldOnceHoweverOftenItIsLookedAt) {
  Scheduler scheduler(config);
  scheduler.submit(77, profile(), now);
  scheduler.act(now);
  const auto second = scheduler.submit(77, profile(), now);
  for (int i = 0; i < 100; ++i) {
    scheduler.submit(77, profile(), now);
    scheduler.act(now);
  }
  EXPECT_EQ(kinds(scheduler, second, now), (std::vector<std::string>{"queued", "held"}));
  const auto why = scheduler.decisions(second, 100, now).back().why;
  EXPECT_EQ(why.kind, ReasonKind::concurrency);
  EXPECT_EQ(why.need, 1);
  EXPECT_EQ(why.limit, 1);
  EXPECT_TRUE(why.learning);
}

TEST_F(SchedulerExplain, FailuresRefusalsAndEndsAreTold) {
  Scheduler scheduler(config);
  auto asked = profile();
  asked.client_timeout = 30s;
  const auto id = scheduler.submit(77, asked, now);
  scheduler.act(now);
  scheduler.failed(id, {FailureClass::fault, 502, std::nullopt, ""}, {}, now);
  const auto retried = scheduler.decisions(id, 100, now).back();
  EXPECT_EQ(retried.kind, "retried");
  EXPECT_EQ(retried.why.status, 502);
  EXPECT_TRUE(retried.why.in);
  EXPECT_EQ(scheduler.snapshot(now).queue.at(0).why.kind, ReasonKind::backoff);
  now += 31s;
  scheduler.drain(now, now);
  scheduler.act(now);
  EXPECT_EQ(scheduler.decisions(id, 100, now).back().kind, "refused");
  const auto left = scheduler.submit(77, profile(), now);
  scheduler.cancel(left, {}, now);
  EXPECT_EQ(kinds(scheduler, left, now), (std::vector<std::string>{"queued", "cancelled"}));
}

TEST_F(SchedulerExplain, TheLogIsBoundedAndAnswersForARunOrARequest) {
  Scheduler scheduler(config);
  for (int i = 0; i < 6000; ++i) scheduler.cancel(scheduler.submit(77 + i % 2, profile(), now), {}, now);
  EXPECT_EQ(scheduler.decisions(std::nullopt, 100000, now).size(), 4096u);
  EXPECT_EQ(scheduler.decisions(77, 100000, now).size(), 2048u);
  EXPECT_EQ(scheduler.decisions(std::nullopt, 10, now).size(), 10u);
  EXPECT_TRUE(scheduler.decisions(123456, 10, now).empty());
}
}  // namespace
}  // namespace hivemind
