// Two credentials that turn out to share their limits.
#include <gtest/gtest.h>

#include "tests/core/scheduler_fixture.h"

namespace hivemind {
namespace {

using SchedulerPools = SchedulerTest;

TEST_F(SchedulerPools, CredentialsOfOneOrganisationShareAPool) {
  auto scheduler = make();
  warm_up(scheduler, 1000, "key1");
  warm_up(scheduler, 1000, "key2");
  EXPECT_EQ(scheduler.snapshot(now).pools.size(), 2u);
  auto one = profile(), two = profile(), three = profile();
  one.account = "key1";
  two.account = three.account = "key2";
  const auto a = scheduler.submit(1, one, now), b = scheduler.submit(1, two, now);
  act(scheduler, now);
  scheduler.limits_seen(a, {}, "org", now);
  scheduler.limits_seen(b, {}, "org", now);
  const auto pools = scheduler.snapshot(now).pools;
  ASSERT_EQ(pools.size(), 1u);
  EXPECT_EQ(pools[0].account, "org");
  EXPECT_EQ(pools[0].in_flight, 2);
  scheduler.failed(a, failure(FailureClass::rate_limited, 429, 30s), {}, now);
  scheduler.submit(1, three, now);
  EXPECT_TRUE(act(scheduler, now).sent.empty()) << "the other key is limited with it";
  scheduler.finished(b, usage(1, 1), false, now);
  EXPECT_EQ(scheduler.snapshot(now).pools[0].in_flight, 0);
}

TEST_F(SchedulerPools, MergedPoolsDoNotMistakeThePastForThePresent) {
  auto scheduler = make();
  warm_up(scheduler, 1000, "key1");
  warm_up(scheduler, 1000, "key1");
  warm_up(scheduler, 1000, "key2");
  auto one = profile(), two = profile();
  one.account = "key1";
  two.account = "key2";
  const auto a = scheduler.submit(1, one, now), b = scheduler.submit(1, two, now);
  act(scheduler, now);
  scheduler.limits_seen(a, {}, "org", now);
  scheduler.limits_seen(b, {}, "org", now);
  const LimitReport told[] = {requests_left(1000, 900)};
  for (const auto id : {a, b}) scheduler.limits_seen(id, told, "org", now);
  const auto snapshot = scheduler.snapshot(now);
  for (const auto& limit : snapshot.pools.at(0).limits) EXPECT_GE(limit.available, 898);
}
}  // namespace
}  // namespace hivemind
