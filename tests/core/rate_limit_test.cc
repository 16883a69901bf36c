#include "core/rate_limit.h"

#include <gtest/gtest.h>

#include "core/state_bytes.h"

namespace hivemind {
namespace {

const TimePoint t0{std::chrono::hours(1)};

RateLimit requests(double limit, bool bucket = true, LimitSource source = LimitSource::header) {
  return {Dimension::requests, limit, 60s, bucket, source, t0};
}
LimitReport report(std::int64_t limit, std::int64_t remaining, std::optional<Duration> reset = std::nullopt) {
  LimitReport r;
  r.limit = limit;
  r.remaining = remaining;
  r.reset_after = reset;
  return r;
}
RateLimit::Answered answered(TimePoint sent, double after = 0) {
  return {.sent = sent, .need = 1, .after = after, .overdue = after};
}

TEST(RateLimit, BucketRefillsContinuouslyUpToItsLimit) {
  auto limit = requests(60);
  for (int i = 0; i < 60; ++i) limit.spend(1, t0);
  EXPECT_DOUBLE_EQ(limit.available(t0), 0);
  EXPECT_EQ(limit.ready_at(1, t0), t0 + 1s);
  EXPECT_NEAR(limit.available(t0 + 30s), 30, 1e-6);
  EXPECT_NEAR(limit.available(t0 + 10min), 60, 1e-6);
}

TEST(RateLimit, WindowIsFullAgainWhenItEnds) {
  auto limit = requests(50, false);
  limit.spend(50, t0);
  EXPECT_EQ(limit.ready_at(1, t0 + 59s), t0 + 60s);
  EXPECT_DOUBLE_EQ(limit.available(t0 + 59s), 0);
  EXPECT_DOUBLE_EQ(limit.available(t0 + 60s), 50);
}

TEST(RateLimit, MoreThanFitsGoesWhenAllIsThere) {
  auto limit = requests(10);
  EXPECT_EQ(limit.ready_at(100, t0), t0);
  limit.spend(100, t0);
  EXPECT_EQ(limit.ready_at(1, t0), t0 + std::chrono::seconds((90 + 1) * 6));
}

TEST(RateLimit, RefundOfAWindowThatIsOverIsLost) {
  auto limit = requests(50, false);
  limit.spend(40, t0);
  limit.give_back(40, t0, t0 + 61s);
  EXPECT_DOUBLE_EQ(limit.available(t0 + 61s), 50);
  limit.spend(50, t0 + 61s);
  limit.give_back(10, t0, t0 + 62s);
  EXPECT_DOUBLE_EQ(limit.available(t0 + 62s), 0);
}

TEST(RateLimit, HeaderLowersToWhatIsLeftLessWhatFollowed) {
  auto limit = requests(50);
  for (int i = 0; i < 5; ++i) limit.spend(1, t0);
  limit.observe(report(50, 20), answered(t0, 4), t0);
  EXPECT_DOUBLE_EQ(limit.available(t0), 16);
}

TEST(RateLimit, LateHeaderDoesNotTakeBackWhatWasRefilledSince) {
  auto limit = requests(60);
  limit.spend(60, t0);
  limit.observe(report(60, 0), answered(t0), t0 + 10s);
  EXPECT_NEAR(limit.available(t0 + 10s), 10, 1e-6);
}

TEST(RateLimit, HigherLimitIsThereAtOnce) {
  auto limit = requests(50);
  limit.spend(50, t0);
  limit.observe(report(1000, 950), answered(t0), t0);
  EXPECT_DOUBLE_EQ(limit.available(t0), 950);
}

TEST(RateLimit, FirstHeaderReplacesTheSeed) {
  auto limit = requests(10, true, LimitSource::seed);
  limit.spend(10, t0);
  limit.observe(report(1000, 990), answered(t0), t0);
  EXPECT_EQ(limit.source(), LimitSource::header);
  EXPECT_DOUBLE_EQ(limit.available(t0), 990);
}

TEST(RateLimit, RoundedRemainderCountsAsTheLeastItMayBe) {
  RateLimit limit(Dimension::input_tokens, 30'000, 60s, true, LimitSource::header, t0);
  LimitReport r = report(30'000, 10'000);
  r.granularity = 1000;
  limit.observe(r, {.sent = t0, .need = 500}, t0);
  EXPECT_DOUBLE_EQ(limit.available(t0), 9'500);
}

TEST(RateLimit, TimeUntilFullThatNoBucketHasMeansAWindow) {
  auto limit = requests(50);
  limit.spend(1, t0);
  limit.observe(report(50, 49, 58s), answered(t0), t0);
  EXPECT_FALSE(limit.bucket());
  limit.spend(49, t0);
  EXPECT_GE(limit.ready_at(1, t0 + 10s), t0 + 58s);
  EXPECT_LE(limit.ready_at(1, t0 + 10s), t0 + 59s);
}

TEST(RateLimit, ABucketsOwnTimeUntilFullKeepsItABucket) {
  auto limit = requests(50);
  for (int left = 49; left >= 0; --left) {
    limit.spend(1, t0);
    limit.observe(report(50, left, std::chrono::milliseconds(1200 * (50 - left))), answered(t0), t0);
    ASSERT_TRUE(limit.bucket()) << left;
  }
}

TEST(RateLimit, RejectionUntilFarAwayTeachesTheWindow) {
  auto limit = requests(50);
  for (int i = 0; i < 50; ++i) limit.spend(1, t0);
  limit.spend(1, t0 + 2s);
  limit.rejected(answered(t0 + 2s), std::nullopt, 0.6, 58s, t0 + 2s);
  EXPECT_FALSE(limit.bucket());
  EXPECT_GE(limit.ready_at(1, t0 + 3s), t0 + 60s);
  EXPECT_NEAR(limit.available(t0 + 61s), 50, 1e-6);
}

TEST(RateLimit, MomentaryRejectionWithRoomLeftTeachesTheBurst) {
  auto limit = requests(60);
  limit.spend(1, t0);
  limit.spend(1, t0);
  limit.shrink_burst(answered(t0), 1s, t0);
  EXPECT_DOUBLE_EQ(limit.capacity(), 1);
  EXPECT_GT(limit.ready_at(1, t0), t0 + 1s) << "with a little care: the way there varies";
  EXPECT_LT(limit.ready_at(1, t0), t0 + 1050ms);
  EXPECT_DOUBLE_EQ(limit.available(t0 + 60s), 1);
  limit.spend(1, t0 + 31min);  // quiet windows loosen it
  EXPECT_GT(limit.capacity(), 1);
}

TEST(RateLimit, AScoutGoesAheadIntoEachWindow) {
  auto limit = requests(50, false);
  limit.spend(50, t0);
  const auto begin = t0 + 60s;
  EXPECT_EQ(limit.ready_at(1, begin), begin);
  limit.spend(1, begin);
  EXPECT_EQ(limit.ready_at(1, begin), begin + 1500ms);
  limit.observe(report(50, 49), answered(begin), begin + 100ms);
  limit.served(50, begin + 100ms);
  EXPECT_EQ(limit.ready_at(1, begin + 100ms), begin + 100ms);
  limit.spend(49, begin + 100ms);
  const auto next = limit.ready_at(1, begin + 100ms);
  limit.spend(1, next);
  EXPECT_EQ(limit.ready_at(1, next), next + 1500ms);
}
TEST(RateLimit, AFaultGivesBackOnTrialAndAServedTrialKeepsIt) {
  auto limit = requests(60);
  EXPECT_FALSE(limit.spend(60, t0).on_trial);
  limit.served(60, t0);
  limit.lost(1, t0, t0);
  EXPECT_EQ(limit.ready_at(1, t0), t0);
  EXPECT_TRUE(limit.spend(1, t0).on_trial);
  EXPECT_EQ(limit.ready_at(1, t0), t0 + 1s);
}

TEST(RateLimit, ARefusedTrialTakesBackAndIsNotRepeatedSoon) {
  auto limit = requests(60);
  limit.spend(60, t0);
  limit.lost(1, t0, t0);
  auto refused = answered(t0);
  refused.on_trial = limit.spend(1, t0).on_trial;
  refused.pressure = 61;
  limit.shrink_burst(refused, 1s, t0);
  EXPECT_FALSE(limit.has_quantum()) << "it says nothing of quanta";
  int trials = 0;
  for (int i = 0; i < 24; ++i) {
    limit.lost(1, t0, t0);
    trials += limit.available(t0) > 0;
  }
  EXPECT_EQ(trials, 0);
  for (int i = 0; i < 3; ++i) limit.lost(1, t0, t0);
  EXPECT_GT(limit.available(t0), 0) << "asked again after many more";
}

TEST(RateLimit, WhatIsRefilledMeanwhileIsNoTrial) {
  auto limit = requests(60);
  limit.spend(60, t0);
  limit.lost(1, t0, t0);
  EXPECT_FALSE(limit.spend(1, t0 + 1s).on_trial);
  EXPECT_TRUE(limit.spend(1, t0 + 1s).on_trial);
}

TEST(RateLimit, ABucketLearnsFromHeadersWhatNeverArrived) {
  auto limit = requests(60);
  limit.spend(60, t0);
  auto told = answered(t0);
  told.uncertain = 2;
  limit.observe(report(60, 5), told, t0);
  EXPECT_DOUBLE_EQ(limit.available(t0), 3) << "five are left, and two may still arrive";
}

TEST(RateLimit, ACrowdThatAWindowCannotServeTwiceGoesOutEvenly) {
  auto limit = requests(20, false);
  limit.spend(1, t0);
  EXPECT_EQ(limit.evenly_at(19, 114s, t0), t0) << "all fit";
  EXPECT_EQ(limit.evenly_at(25, 200s, t0), t0) << "who misses two beginnings is served by the third";
  EXPECT_EQ(limit.evenly_at(25, 114s, t0), t0 + 1300ms);
  EXPECT_EQ(limit.evenly_at(25, 70s, t0), t0 + 3s) << "never slower than a bucket";
  EXPECT_EQ(limit.evenly_at(25, 50s, t0), t0) << "nobody outwaits even one";
  EXPECT_EQ(requests(20).evenly_at(25, 114s, t0), t0) << "a bucket is even by itself";
}

TEST(RateLimit, OnlyWhatWasDrawnOnHarderThanEverIsSuspect) {
  RateLimit tokens(Dimension::tokens, 6000, 60s, true, LimitSource::header, t0);
  tokens.served(300, t0);
  EXPECT_EQ(tokens.suspicion(300), 0);
  EXPECT_DOUBLE_EQ(tokens.suspicion(400), 4) << "seconds to refill";
  tokens.shrink_burst({.sent = t0, .need = 400, .pressure = 400}, 1s, t0);
  EXPECT_DOUBLE_EQ(tokens.capacity(), 200);
}

TEST(RateLimit, WhatCannotBeALimitIsNotRestored) {
  StateWriter writer({t0, 1.79e9});
  requests(50).fields(writer);
  const auto bytes = writer.take();
  const auto usable = [&](std::size_t at) {
    auto changed = bytes;
    if (at < changed.size()) changed.replace(at, sizeof(int), sizeof(int), '\xff');  // -1
    StateReader reader(changed, {t0, 1.79e9});
    auto limit = requests(1);
    limit.fields(reader);
    return reader.ok() && limit.usable(t0);
  };
  EXPECT_TRUE(usable(bytes.size()));
  EXPECT_FALSE(usable(0)) << "its dimension";
  EXPECT_FALSE(usable(sizeof(int))) << "its source";
}

TEST(RateLimit, ALieOutlivesNoRestart) {
  auto limit = requests(50);
  limit.observe(report(std::numeric_limits<std::int64_t>::max(), 3), answered(t0), t0);
  EXPECT_TRUE(limit.usable(t0)) << "or nothing else of what was stored would be";
}
}  // namespace
}  // namespace hivemind
