#include "core/breaker.h"

#include <gtest/gtest.h>

#include <random>

namespace hivemind {
namespace {

const TimePoint t0{std::chrono::hours(1)};

struct BreakerTest : testing::Test {
  SchedulerConfig config;
  Jitter jitter{1};
  Breaker breaker;
  std::uint64_t sent = 0;
  void fail(std::uint64_t attempt, TimePoint now = t0) { breaker.failed(attempt, sent, config, jitter, now); }
  void open() {
    sent = 5;
    for (std::uint64_t i = 1; i <= 5; ++i) fail(i);
  }
};

TEST_F(BreakerTest, OpensAfterARunOfFailures) {
  sent = 5;
  for (std::uint64_t i = 1; i <= 4; ++i) fail(i);
  EXPECT_TRUE(breaker.admits(t0));
  fail(5);
  EXPECT_FALSE(breaker.admits(t0));
  EXPECT_EQ(breaker.probe_at(), t0 + 5s);
}

TEST_F(BreakerTest, SendsOneProbeAndClosesOnItsSuccess) {
  open();
  EXPECT_TRUE(breaker.admits(t0 + 5s));
  breaker.dispatched(6);
  EXPECT_FALSE(breaker.admits(t0 + 50s));
  breaker.succeeded(3);
  EXPECT_FALSE(breaker.admits(t0 + 50s)) << "an answer from before it opened proves nothing";
  breaker.succeeded(6);
  EXPECT_TRUE(breaker.admits(t0 + 5s));
}

TEST_F(BreakerTest, AFailedProbeMakesItWaitLonger) {
  open();
  TimePoint now = t0 + 5s;
  for (std::uint64_t attempt = 6; attempt < 30; ++attempt) {
    ASSERT_TRUE(breaker.admits(now));
    breaker.dispatched(attempt);
    sent = attempt;
    fail(attempt, now);
    ASSERT_FALSE(breaker.admits(now));
    EXPECT_GE(breaker.probe_at(), now + config.breaker_open);
    EXPECT_LE(breaker.probe_at(), now + config.breaker_open_cap);
    now = breaker.probe_at();
  }
}

TEST_F(BreakerTest, AProbeThatToldNothingGivesItsPlaceToTheNext) {
  open();
  breaker.dispatched(6);
  breaker.undecided(6, t0 + 6s);
  EXPECT_TRUE(breaker.admits(t0 + 6s));
  breaker.dispatched(7);
  EXPECT_FALSE(breaker.admits(t0 + 6s));
}

TEST_F(BreakerTest, IndependentFaultsDoNotOpenIt) {
  int opened = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    std::mt19937_64 random(seed);
    std::bernoulli_distribution fault(0.13);
    breaker.reset();
    for (std::uint64_t i = 1; i <= 100; ++i) {
      sent = i;
      if (fault(random))
        fail(i);
      else
        breaker.succeeded(i);
      opened += !breaker.admits(t0);
      if (!breaker.admits(t0)) break;
    }
  }
  EXPECT_LE(opened, 2) << "of 10,000 attempts";
}

TEST_F(BreakerTest, AHighRateOpensItWithoutARun) {
  for (std::uint64_t i = 1; i <= 40 && breaker.admits(t0); ++i) {
    sent = i;
    if (i % 5 == 0)
      breaker.succeeded(i);
    else
      fail(i);
  }
  EXPECT_FALSE(breaker.admits(t0));
}
}  // namespace
}  // namespace hivemind
