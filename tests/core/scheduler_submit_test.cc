// What becomes of a request on its arrival.
#include <gtest/gtest.h>

#include "tests/core/scheduler_fixture.h"

namespace hivemind {
namespace {

using SchedulerSubmit = SchedulerTest;

TEST_F(SchedulerSubmit, AFullQueueRefuses) {
  config.max_queue = 3;
  auto scheduler = make();
  for (int i = 0; i < 3; ++i) scheduler.submit(1, profile(), now);
  const auto late = scheduler.submit(1, profile(), now);
  const auto acted = act(scheduler, now);
  ASSERT_EQ(acted.refused.size(), 1u);
  EXPECT_EQ(acted.refused[0].request, late);
  EXPECT_EQ(acted.refused[0].refusal.kind, RefusalKind::queue_full);
  EXPECT_LE(acted.refused[0].refusal.retry_after, Duration(60s));
}

TEST_F(SchedulerSubmit, AClientThatComesBackIsALittleEarlier) {
  auto scheduler = make();
  warm_up(scheduler);
  scheduler.submit(1, profile(), now);
  act(scheduler, now);
  const LimitReport told[] = {requests_left(60, 0)};
  scheduler.limits_seen(scheduler.submit(1, profile(), now) - 1, told, "", now);
  auto again = profile();
  again.client_retry = 1;
  const auto retried = scheduler.submit(1, again, now);
  EXPECT_EQ(act(scheduler, now + 1s).sent, std::vector<RequestId>{retried});
}

TEST_F(SchedulerSubmit, GuessesFollowWhatOthersUsedInTheMeantime) {
  config.seeds[""].output_tokens_per_minute = 2000;
  config.admission = false;
  auto scheduler = make();
  std::vector<RequestId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(scheduler.submit(1, profile("anthropic", 100, 4096), now));
  EXPECT_EQ(act(scheduler, now).sent, std::vector<RequestId>{ids[0]}) << "1024 are guessed of what nobody has seen";
  scheduler.finished(ids[0], usage(100, 400), false, now);
  EXPECT_EQ(act(scheduler, now).sent, (std::vector<RequestId>{ids[1], ids[2]}));
}
}  // namespace
}  // namespace hivemind
