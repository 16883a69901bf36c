#include "core/aimd.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {

const TimePoint t0{std::chrono::hours(1)};

Aimd ramped(ProviderSeed seed = {}, bool slow_start = false) {
  Aimd aimd(seed, 60s, t0, slow_start);
  for (int i = 0; i < 10; ++i) aimd.answered();
  return aimd;
}

TEST(Aimd, FirstContactGoesAlone) {
  Aimd aimd(ProviderSeed{}, 60s, t0);
  EXPECT_EQ(aimd.allowed(t0), 1);
  aimd.dispatched(1, 0, t0);
  aimd.answered();
  EXPECT_EQ(aimd.allowed(t0), 1);
  aimd.answered();
  EXPECT_EQ(aimd.allowed(t0), 2);
  for (int i = 0; i < 3; ++i) aimd.answered();
  EXPECT_EQ(aimd.allowed(t0), 5);
}

TEST(Aimd, ASlowFirstAnswerHoldsNobodyForLong) {
  Aimd aimd(ProviderSeed{}, 60s, t0);
  aimd.dispatched(1, 0, t0 + 10s);
  EXPECT_EQ(aimd.allowed(t0 + 10s), 1);
  EXPECT_EQ(aimd.opens_at(1, t0 + 10s), t0 + 11500ms);
  EXPECT_EQ(aimd.allowed(t0 + 11500ms), 2);
  EXPECT_EQ(aimd.allowed(t0 + 60s), 5);
}

TEST(Aimd, OneCutPerCongestionEpoch) {
  ProviderSeed seed;
  seed.concurrency = 16;
  auto aimd = ramped(seed);
  for (int i = 0; i < 10; ++i) aimd.answered();
  for (std::uint64_t i = 1; i <= 10; ++i) aimd.dispatched(i, 1, t0);
  for (std::uint64_t i = 1; i <= 10; ++i) aimd.congested(i);
  EXPECT_DOUBLE_EQ(aimd.window(), 8);
  aimd.dispatched(11, 1, t0);
  aimd.congested(11);
  EXPECT_DOUBLE_EQ(aimd.window(), 4);
}

TEST(Aimd, GrowsByAlphaPerWindowOfSuccessesInUse) {
  auto aimd = ramped();
  for (int i = 0; i < 5; ++i) aimd.succeeded(5, t0);
  EXPECT_NEAR(aimd.window(), 5.5, 0.05);
  for (int i = 0; i < 100; ++i) aimd.succeeded(2, t0);
  EXPECT_NEAR(aimd.window(), 5.5, 0.05) << "it was not in use";
}

TEST(Aimd, DoublesEverySixthOfAMinuteUntilCongested) {
  auto aimd = ramped({}, true);
  TimePoint now = t0;
  const double wanted[] = {10, 20, 40, 64};
  for (const double want : wanted) {
    for (int i = 0; i < 100; ++i) aimd.succeeded(aimd.allowed(now), now + 9s);
    EXPECT_DOUBLE_EQ(aimd.window(), want);
    now += 10s;
  }
  aimd.dispatched(1, 64, now);
  aimd.congested(1);
  EXPECT_DOUBLE_EQ(aimd.window(), 32);
  for (int i = 0; i < 32; ++i) aimd.succeeded(32, now);
  EXPECT_NEAR(aimd.window(), 32.5, 0.01);
}

TEST(Aimd, AWindowThatIsNotUsedDoesNotDouble) {
  auto aimd = ramped({}, true);
  for (int i = 0; i < 100; ++i) aimd.succeeded(1, t0 + 10s * i);
  EXPECT_DOUBLE_EQ(aimd.window(), 5);
}

TEST(Aimd, StaysBetweenOneAndTheMaximum) {
  ProviderSeed seed;
  seed.max_concurrency = 6;
  auto aimd = ramped(seed);
  for (int i = 0; i < 1000; ++i) aimd.succeeded(100, t0);
  EXPECT_EQ(aimd.allowed(t0), 6);
  for (std::uint64_t i = 1; i < 20; ++i) {
    aimd.dispatched(i, 1, t0);
    aimd.congested(i);
  }
  EXPECT_EQ(aimd.allowed(t0), 1);
}

TEST(Aimd, RampsAgainAfterIdle) {
  auto aimd = ramped();
  aimd.dispatched(1, 0, t0);
  aimd.idle_since(t0 + 1s);
  aimd.dispatched(2, 0, t0 + 30s);
  EXPECT_EQ(aimd.allowed(t0 + 30s), 5) << "a short pause is none";
  aimd.idle_since(t0 + 31s);
  aimd.dispatched(3, 0, t0 + 5min);
  EXPECT_EQ(aimd.allowed(t0 + 5min), 2);
}

TEST(Aimd, SlowDownBoundsGrowthForAWhile) {
  ProviderSeed seed;
  seed.concurrency = 4;
  auto aimd = ramped(seed);
  aimd.slow_down(t0);
  for (int i = 0; i < 1000; ++i) aimd.succeeded(100, t0);
  EXPECT_EQ(aimd.allowed(t0 + 1min), 6);
  EXPECT_EQ(aimd.opens_at(6, t0 + 1min), t0 + 15min);
  EXPECT_GT(aimd.allowed(t0 + 15min), 6);
}

TEST(Aimd, ANamedConcurrencyLimitIsTheCeiling) {
  auto aimd = ramped();
  aimd.cap(3);
  EXPECT_EQ(aimd.allowed(t0), 3);
}
}  // namespace
}  // namespace hivemind
