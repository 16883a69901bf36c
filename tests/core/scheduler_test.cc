#include "core/scheduler.h"

#include <gtest/gtest.h>

#include "tests/core/scheduler_fixture.h"

namespace hivemind {
namespace {

TEST_F(SchedulerTest, AnUncontendedRequestGoesOutAtOnce) {
  auto scheduler = make();
  const auto id = scheduler.submit(1, profile(), now);
  EXPECT_EQ(act(scheduler, now).sent, std::vector<RequestId>{id});
  scheduler.finished(id, usage(100, 50), false, now + 1s);
  EXPECT_TRUE(scheduler.act(now + 1s).empty());
  EXPECT_EQ(scheduler.wake_at(), std::nullopt);
  const auto run = scheduler.run_snapshot(1);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->tokens_spent, 150);
  EXPECT_EQ(run->in_flight, 0);
}

TEST_F(SchedulerTest, CancelAtEveryStage) {
  config.seeds[""].requests_per_minute = 2;
  auto scheduler = make();
  const auto unseen = scheduler.submit(1, profile(), now);
  scheduler.cancel(unseen, {}, now);
  EXPECT_TRUE(scheduler.act(now).empty());
  const auto running = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.cancel(running, {}, now);
  const auto backing_off = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.failed(backing_off, failure(FailureClass::fault, 502), {}, now);
  scheduler.cancel(backing_off, {}, now);
  const auto queued = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.cancel(queued, {}, now);
  scheduler.cancel(queued, {}, now);
  EXPECT_TRUE(scheduler.act(now + 1h).empty());
  EXPECT_EQ(scheduler.wake_at(), std::nullopt);
  const auto run = *scheduler.run_snapshot(1);
  EXPECT_EQ(run.waiting, 0u);
  EXPECT_EQ(run.in_flight, 0);
}

TEST_F(SchedulerTest, DrainFinishesWhatRunsAndRefusesWhatWaits) {
  auto scheduler = make();
  const auto running = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.drain(now + 10s, now);
  const auto waiting = scheduler.submit(1, profile(), now);
  EXPECT_TRUE(scheduler.act(now).empty());
  EXPECT_EQ(scheduler.wake_at(), now + 10s);
  scheduler.finished(running, usage(1, 1), false, now + 5s);
  const auto acted = act(scheduler, now + 10s);
  ASSERT_EQ(acted.refused.size(), 1u);
  EXPECT_EQ(acted.refused[0].request, waiting);
  EXPECT_EQ(acted.refused[0].refusal.kind, RefusalKind::draining);
}

TEST_F(SchedulerTest, ARemovedRunRefusesWhatWaitsAndFinishesWhatRuns) {
  auto scheduler = make();
  const auto running = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.submit(1, profile(), now);
  scheduler.remove_run(1, now);
  const auto acted = act(scheduler, now);
  ASSERT_EQ(acted.refused.size(), 1u);
  EXPECT_EQ(acted.refused[0].refusal.kind, RefusalKind::run_closed);
  EXPECT_TRUE(scheduler.run_snapshot(1));
  scheduler.finished(running, usage(10, 10), false, now);
  EXPECT_FALSE(scheduler.run_snapshot(1));
}

TEST_F(SchedulerTest, ReconfiguringKeepsWhatWaits) {
  config.seeds[""].requests_per_minute = 1;
  auto scheduler = make();
  const auto first = scheduler.submit(1, profile(), now);
  const auto second = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.finished(first, usage(1, 1), false, now);
  EXPECT_TRUE(act(scheduler, now).sent.empty());
  config.seeds[""].requests_per_minute = 1000;
  config.fair_order = false;
  scheduler.configure(config, now);
  EXPECT_EQ(act(scheduler, now + 1s).sent, std::vector<RequestId>{second});
}
}  // namespace
}  // namespace hivemind
