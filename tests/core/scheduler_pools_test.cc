// Two credentials that turn out to share their limits.
#include <gtest/gtest.h>

#include <algorithm>

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

TEST_F(SchedulerPools, WhoMovesComesInTheOrderOfArrival) {
  config.policy = "program-fcfs";
  auto scheduler = make();
  for (const RunId run : {2, 3}) scheduler.add_run(run_spec(run), now);
  const auto ask = [&](RunId run, const char* account, const char* agent) {
    auto asked = profile();
    asked.account = account;
    asked.agent = agent;
    return scheduler.submit(run, asked, now);
  };
  const auto a = ask(1, "key1", "a"), b = ask(1, "key2", "b");
  ASSERT_EQ(act(scheduler, now).sent.size(), 2u);
  // Run 2 was there first; nobody goes while nothing is known.
  const std::vector waiting{ask(2, "key2", "c"), ask(3, "key2", "d"), ask(2, "key2", "e")};
  ASSERT_TRUE(act(scheduler, now).sent.empty());
  scheduler.limits_seen(a, {}, "org", now);
  scheduler.limits_seen(b, {}, "org", now);
  std::vector<RequestId> order;
  for (const auto done : {a, b}) scheduler.finished(done, usage(1, 1), false, now);
  for (int i = 0; i < 10 && order.size() < waiting.size(); ++i) {
    for (const auto id : act(scheduler, now).sent) {
      order.push_back(id);
      scheduler.finished(id, usage(1, 1), false, now);
    }
  }
  EXPECT_EQ(order, (std::vector{waiting[0], waiting[2], waiting[1]}));
}

// All that one pool learned holds for both, whoever is merged into whom, and nothing is left behind.
TEST_F(SchedulerPools, WhatEitherLearnedHoldsForBoth) {
  for (const bool learned_first : {true, false}) {
    SCOPED_TRACE(learned_first);
    now = start;
    config.acceleration_floor = 1'000'000;
    auto scheduler = make();
    const auto ask = [&](const std::string& account, std::int64_t input = 1000) {
      auto asked = profile("openai", input);
      asked.account = account;
      asked.agent = account;
      asked.prefixes = {{account == "key1" ? 1u : 2u, input, 5min}};
      return scheduler.submit(1, asked, now);
    };
    LimitReport week;
    week.dimension = Dimension::utilisation;
    week.window = 7 * 24h;
    week.reset_after = 24h;
    week.use = WindowUse{0.5, false, false};
    const auto a = ask("key1", 400'000), b = ask("key2", 400'000);
    ASSERT_EQ(act(scheduler, now).sent.size(), 2u);
    scheduler.limits_seen(learned_first ? a : b, {&week, 1}, "", now);
    const auto follows_a = ask("key1", 400'000), follows_b = ask("key2", 400'000);
    ASSERT_TRUE(act(scheduler, now).sent.empty());
    for (const auto& pool : scheduler.snapshot(now).pools) ASSERT_EQ(pool.following, 1u);
    for (const auto id : {a, b}) scheduler.limits_seen(id, {}, "org", now);
    const auto pools = scheduler.snapshot(now).pools;
    ASSERT_EQ(pools.size(), 1u);
    EXPECT_EQ(pools[0].in_flight, 2);
    ASSERT_EQ(pools[0].windows.size(), 1u);
    EXPECT_GE(pools[0].windows[0].used, 0.5);
    EXPECT_TRUE(act(scheduler, now).sent.empty());
    for (const auto id : {a, b}) {
      scheduler.first_content(id, now);
      scheduler.finished(id, usage(400'000, 1), false, now);
    }
    EXPECT_EQ(scheduler.snapshot(now).pools[0].following, 0u);
    // Both sent 400,000 tokens within the minute: another such would be too fast.
    EXPECT_TRUE(act(scheduler, now).sent.empty()) << "acceleration";
    std::vector<RequestId> sent;
    for (int i = 0; i < 100 && sent.size() < 2; ++i) {
      const auto next = scheduler.wake_at();
      ASSERT_TRUE(next);
      now = std::max(now, *next);
      for (const auto id : act(scheduler, now).sent) {
        sent.push_back(id);
        scheduler.limits_seen(id, {}, "org", now);
        scheduler.first_content(id, now);
        scheduler.finished(id, usage(400'000, 1), false, now);
      }
    }
    std::sort(sent.begin(), sent.end());
    EXPECT_EQ(sent, (std::vector{follows_a, follows_b}));
    EXPECT_LE(now, start + 3min);
    EXPECT_EQ(scheduler.snapshot(now).pools[0].in_flight, 0);
    EXPECT_EQ(scheduler.wake_at(), std::nullopt);
  }
}
}  // namespace
}  // namespace hivemind
