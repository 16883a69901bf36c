#include "core/acceleration.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/seconds.h"

namespace hivemind {
namespace {
const TimePoint start{std::chrono::hours(1)};

// Sends requests of 10,000 tokens as fast as it may until `end`; returns the most within a minute.
double flood(Acceleration& pace, TimePoint& now, TimePoint end) {
  double most = 0;
  while (now < end) {
    const auto ready = pace.ready_at(10'000, now);
    if (ready > now) {
      now = ready;
      continue;
    }
    pace.spend(10'000, now);
    most = std::max(most, pace.sent(now));
  }
  return most;
}

TEST(Acceleration, GrowsByHalfInAQuarterOfAnHour) {
  Acceleration pace(1e6, 60s, start);
  TimePoint now = start;
  EXPECT_NEAR(flood(pace, now, start + 15min), 1e6, 1);
  EXPECT_LE(flood(pace, now, start + 30min), 1.5e6);
  const double later = flood(pace, now, start + 45min);
  EXPECT_LE(later, 2.25e6);
  EXPECT_GE(later, 1.4e6) << "but it does grow";
  EXPECT_GE(flood(pace, now, start + 90min), 2e6);
}

TEST(Acceleration, BeginsAnewAfterIdle) {
  Acceleration pace(1e6, 60s, start);
  TimePoint now = start;
  EXPECT_GT(flood(pace, now, start + 90min), 1.5e6);
  now += 31min;
  EXPECT_NEAR(flood(pace, now, now + 1min), 1e6, 1);
}

TEST(Acceleration, ARefusalLowersItForATime) {
  Acceleration pace(1e6, 60s, start);
  TimePoint now = start;
  for (int i = 0; i < 80; ++i) pace.spend(10'000, now);
  pace.refused(now);
  EXPECT_NEAR(pace.allowed(now), 640'000, 1);
  EXPECT_GT(pace.ready_at(10'000, now), now);
  EXPECT_NEAR(pace.allowed(now + 2min), 774'400, 1);
  EXPECT_NEAR(pace.allowed(now + 1h), 1e6, 1);
  now += 1h;
  pace.refused(now);
  EXPECT_NEAR(pace.allowed(now), 500'000, 1) << "with nothing sent it was not this rule's";
  Acceleration unknown(1e15, 60s, start);
  unknown.spend(10'000, now);
  EXPECT_GT(unknown.allowed(now), 1e14);
  unknown.refused(now);
  EXPECT_NEAR(unknown.allowed(now), 8000, 1);
}

TEST(Acceleration, WhatIsLargerThanAllowedWaitsForAnEmptyMinute) {
  Acceleration pace(1000, 60s, start);
  EXPECT_EQ(pace.ready_at(5000, start), start);
  pace.spend(5000, start);
  EXPECT_EQ(pace.ready_at(5000, start), start + 61s);
  EXPECT_EQ(pace.ready_at(1, start), start + 61s);
}

TEST(Acceleration, TwoThatAreOneGrowTogether) {
  Acceleration one(1e6, 60s, start), other(1e6, 60s, start + 7s);
  TimePoint now = start + 10s;
  one.spend(400'000, now);
  other.spend(500'000, now);
  one.merge(other, now);
  EXPECT_NEAR(one.sent(now), 900'000, 1);
  EXPECT_EQ(one.ready_at(100'000, now), now);
  EXPECT_GT(one.ready_at(200'000, now), now + 50s);
  EXPECT_NEAR(one.sent(now + 62s), 0, 1);
}

TEST(Acceleration, ARefusalOfEitherLowersBoth) {
  for (const bool refused_first : {true, false}) {
    SCOPED_TRACE(refused_first);
    Acceleration one(1e6, 60s, start), other(1e6, 60s, start);
    auto& refused = refused_first ? one : other;
    refused.spend(800'000, start);
    refused.refused(start);
    one.merge(other, start + 1s);
    EXPECT_LT(one.allowed(start + 1s), 660'000);
    EXPECT_NEAR(one.allowed(start + 1h), 1e6, 1);
  }
}

// What a pool may after a pause is what it might at first, and it has to grow again from there.
TEST(Acceleration, GrowsAgainFromTheFloorAfterIdle) {
  Acceleration pace(1e6, 60s, start);
  TimePoint now = start;
  const double before = flood(pace, now, start + 90min);
  now += 40min;
  const TimePoint again = now;
  EXPECT_LE(flood(pace, now, again + 14min), 1e6 + 1);
  const double later = flood(pace, now, again + 45min);
  EXPECT_GT(later, 1.4e6);
  EXPECT_LT(later, before);
}
}  // namespace
}  // namespace hivemind
