// What was learned and spent outlives a restart; bytes that are not whole are not believed.
#include <gtest/gtest.h>

#include <random>

#include "core/seconds.h"
#include "tests/core/fleet.h"

namespace hivemind {
namespace {

constexpr double unix_now = 1.79e9;
const TimePoint restart{std::chrono::hours(7)};  // of another boot: its clock begins elsewhere

struct Learned : testing::Test {
  SchedulerConfig config;

  // A scheduler that was told of 50 requests a minute, 10 of them left, at `start`.
  Scheduler taught() {
    Scheduler scheduler(config);
    scheduler.add_run(run_spec(1), start);
    const auto id = scheduler.submit(1, profile(), start);
    scheduler.act(start);
    const LimitReport told[] = {requests_left(50, 10)};
    scheduler.limits_seen(id, told, "org-1", start);
    scheduler.finished(id, usage(150, 70), false, start);
    return scheduler;
  }
  static PoolSnapshot pool(const Scheduler& scheduler, TimePoint now) { return scheduler.snapshot(now).pools.at(0); }
};

TEST_F(Learned, LimitsComeBackAsTheyWouldBeByNow) {
  const auto bytes = taught().save(start, unix_now);
  Scheduler scheduler(config);
  ASSERT_TRUE(scheduler.restore(bytes, restart, unix_now + 12));
  const auto known = pool(scheduler, restart);
  EXPECT_EQ(known.account, "org-1");
  ASSERT_EQ(known.limits.size(), 1u);
  EXPECT_EQ(known.limits[0].limit, 50);
  EXPECT_NEAR(known.limits[0].available, 20, 0.1) << "ten more in twelve seconds";
  // The credential is known to be the organisation's.
  scheduler.submit(1, profile(), restart);
  scheduler.act(restart);
  EXPECT_EQ(scheduler.snapshot(restart).pools.size(), 1u);
}

TEST_F(Learned, TheSameStateIsTheSameBytesAgain) {
  const auto bytes = taught().save(start, unix_now);
  Scheduler scheduler(config);
  ASSERT_TRUE(scheduler.restore(bytes, start, unix_now));
  EXPECT_EQ(scheduler.save(start, unix_now), bytes);
}

TEST_F(Learned, WhatIsOldIsForgotten) {
  const auto bytes = taught().save(start, unix_now);
  Scheduler scheduler(config);
  EXPECT_TRUE(scheduler.restore(bytes, restart, unix_now + 8 * 86400));
  EXPECT_TRUE(scheduler.snapshot(restart).pools.empty());
}

TEST_F(Learned, AClockSetBackDoesNoHarm) {
  const auto bytes = taught().save(start, unix_now);
  Scheduler scheduler(config);
  ASSERT_TRUE(scheduler.restore(bytes, restart, unix_now - 5 * 86400));
  EXPECT_LE(pool(scheduler, restart).limits.at(0).available, 50);
  scheduler.submit(1, profile(), restart);
  EXPECT_EQ(scheduler.act(restart).size(), 1u);
}

TEST_F(Learned, ACooldownIsBelievedForSoLongOnly) {
  auto before = taught();
  const auto id = before.submit(1, profile(), start + 1s);
  before.act(start + 1s);
  before.failed(id, {FailureClass::rate_limited, 429, Duration(20min), ""}, {}, start + 1s);
  config.max_cooldown = 5min;
  Scheduler scheduler(config);
  ASSERT_TRUE(scheduler.restore(before.save(start + 1s, unix_now), restart, unix_now));
  EXPECT_LE(pool(scheduler, restart).limits.at(0).cooldown, std::optional(Duration(5min)));
}

TEST_F(Learned, AnotherMinuteIsAnotherWorld) {
  const auto bytes = taught().save(start, unix_now);
  config.minute = 6s;
  Scheduler scheduler(config);
  EXPECT_TRUE(scheduler.restore(bytes, restart, unix_now));
  EXPECT_TRUE(scheduler.snapshot(restart).pools.empty());
}

TEST_F(Learned, GarbageIsNotBelieved) {
  const auto bytes = taught().save(start, unix_now);
  std::mt19937_64 random(7);
  const auto refused = [&](const std::string& damaged) {
    Scheduler scheduler(config);
    const bool taken = scheduler.restore(damaged, restart, unix_now);
    return !taken && scheduler.snapshot(restart).pools.empty();
  };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused(std::string(10'000, '\0')));
  EXPECT_TRUE(refused(std::string(20'000'000, 'x')));
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_TRUE(refused(bytes.substr(0, size))) << size;
  for (int i = 0; i < 500; ++i) {
    auto damaged = bytes;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 + random() % 255);
    EXPECT_TRUE(refused(damaged));
  }
}

TEST_F(Learned, StaysBoundedHoweverManyAccountsThereAre) {
  Scheduler scheduler(config);
  for (int i = 0; i < 3000; ++i) {
    auto asked = profile();
    asked.account = "account" + std::to_string(i);
    asked.model = asked.model_class = std::string(static_cast<std::size_t>(i % 6000), 'm');
    const auto id = scheduler.submit(1, asked, start);
    scheduler.act(start);
    scheduler.finished(id, usage(5, 5), false, start);
  }
  const auto bytes = scheduler.save(start, unix_now);
  EXPECT_LE(bytes.size(), 5u << 20);
  Scheduler after(config);
  EXPECT_TRUE(bytes.empty() || after.restore(bytes, restart, unix_now));
}

TEST_F(Learned, ADaysBudgetHoldsAcrossARestart) {
  config.day_budget = 2'000;
  const auto spend = [](Scheduler& scheduler, TimePoint now) {
    const auto id = scheduler.submit(1, profile("anthropic", 100, 1000), now);
    for (const auto& action : scheduler.act(now)) {
      if (std::get_if<Refuse>(&action)) return false;
      scheduler.finished(id, usage(100, 900), false, now);
    }
    return true;
  };
  Scheduler before(config);
  before.wall_clock(start, unix_now);
  before.add_run(run_spec(1), start);
  EXPECT_TRUE(spend(before, start));
  Scheduler after(config);
  ASSERT_TRUE(after.restore(before.save(start, unix_now), restart, unix_now));
  after.add_run(run_spec(1), restart);
  EXPECT_FALSE(spend(after, restart));
  after.wall_clock(restart + 24h, unix_now + 86400);
  EXPECT_TRUE(spend(after, restart + 24h));
}
}  // namespace
}  // namespace hivemind
