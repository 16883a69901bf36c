// Waits that end, and what is told of them meanwhile.
#include <gtest/gtest.h>

#include "tests/core/scheduler_fixture.h"

namespace hivemind {
namespace {

using SchedulerWait = SchedulerTest;

TEST_F(SchedulerWait, AWaitEndsAtTheDeadline) {
  config.seeds[""].requests_per_minute = 1;
  auto scheduler = make();
  scheduler.submit(1, profile(), now);
  auto asked = profile();
  asked.client_timeout = 20s;
  const auto late = scheduler.submit(1, asked, now);
  act(scheduler, now);
  EXPECT_TRUE(act(scheduler, now + 18s).refused.empty());
  EXPECT_EQ(scheduler.wake_at(), now + 19s);
  const auto acted = act(scheduler, now + 19s);
  ASSERT_EQ(acted.refused.size(), 1u);
  EXPECT_EQ(acted.refused[0].request, late);
  EXPECT_EQ(acted.refused[0].refusal.kind, RefusalKind::deadline);
  EXPECT_TRUE(acted.refused[0].refusal.should_retry);
  EXPECT_LE(acted.refused[0].refusal.retry_after, Duration(60s));
  EXPECT_NE(acted.refused[0].refusal.message.find("HiveMind"), std::string::npos);
}

TEST_F(SchedulerWait, TheRunsDeadlineCountsToo) {
  config.seeds[""].requests_per_minute = 1;
  Scheduler scheduler(config);
  auto spec = run_spec(1);
  spec.deadline = now + 5s;
  scheduler.add_run(spec, now);
  scheduler.submit(1, profile(), now);
  scheduler.submit(1, profile(), now);
  act(scheduler, now);
  EXPECT_EQ(scheduler.wake_at(), now + 5s);
  EXPECT_EQ(act(scheduler, now + 5s).refused.size(), 1u);
}

TEST_F(SchedulerWait, WaitingIsExplained) {
  config.seeds[""].requests_per_minute = 2;
  auto scheduler = make();
  std::vector<RequestId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(scheduler.submit(1, profile(), now));
  act(scheduler, now);
  EXPECT_NE(reason_of(scheduler, ids[1], now).find("concurrency 1 of 1 in flight, learning the limits"),
            std::string::npos);
  scheduler.finished(ids[0], usage(1, 1), false, now);
  act(scheduler, now);
  scheduler.finished(ids[1], usage(1, 1), false, now);
  act(scheduler, now);
  EXPECT_EQ(reason_of(scheduler, ids[2], now), "requests per minute: 0 of 2 left, 1 needed, in 30.0 s");
  EXPECT_EQ(reason_of(scheduler, ids[3], now).rfind("1 ahead; requests per minute", 0), 0u);
  const auto snapshot = scheduler.snapshot(now);
  EXPECT_EQ(snapshot.pools[0].waiting, 2u);
  EXPECT_EQ(snapshot.runs[0].waiting, 2u);
}
}  // namespace
}  // namespace hivemind
