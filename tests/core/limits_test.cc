#include "core/limits.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {

const TimePoint t0{std::chrono::hours(1)};
const Duration minute = 60s;

Amounts need(double input, double output = 0) { return {1, input, output, input + output}; }
LimitReport report(Dimension d, std::int64_t limit, std::int64_t remaining) {
  LimitReport r;
  r.dimension = d;
  r.limit = limit;
  r.remaining = remaining;
  return r;
}
ProviderSeed seed(std::int64_t rpm, std::int64_t itpm) {
  ProviderSeed s;
  s.requests_per_minute = rpm;
  s.input_tokens_per_minute = itpm;
  return s;
}

TEST(Limits, NothingKnownNothingWaits) {
  Limits limits;
  EXPECT_FALSE(limits.wait(need(1e9), t0));
}

TEST(Limits, WaitsForTheSlowestDimension) {
  Limits limits;
  limits.seed(seed(60, 6000), minute, t0);
  for (int i = 0; i < 60; ++i) limits.reserve(static_cast<std::uint64_t>(i + 1), need(100), t0);
  const auto wait = limits.wait(need(600), t0);
  ASSERT_TRUE(wait);
  EXPECT_EQ(wait->until, t0 + 6s);
  EXPECT_EQ(wait->limit->dimension(), Dimension::input_tokens);
}

TEST(Limits, SettlingRefundsTokensButNeverTheRequest) {
  Limits limits;
  limits.seed(seed(60, 6000), minute, t0);
  const auto spending = limits.reserve(1, need(1000), t0);
  limits.settle(spending, need(200), t0);
  EXPECT_DOUBLE_EQ(limits.all()[0].available(t0), 59);
  EXPECT_DOUBLE_EQ(limits.all()[1].available(t0), 5800);
  for (const double left : limits.outstanding()) EXPECT_DOUBLE_EQ(left, 0);
}

TEST(Limits, SettlingChargesWhatWentBeyond) {
  Limits limits;
  limits.seed(seed(60, 6000), minute, t0);
  limits.settle(limits.reserve(1, need(1000), t0), need(8000), t0);
  EXPECT_DOUBLE_EQ(limits.all()[1].available(t0), -2000);
}

TEST(Limits, HeadersCreateWhatWasUnknown) {
  Limits limits;
  auto spending = limits.reserve(1, need(100), t0);
  limits.reserve(2, need(100), t0);
  const LimitReport reports[] = {report(Dimension::requests, 50, 30)};
  limits.observe(spending, reports, minute, t0);
  ASSERT_EQ(limits.all().size(), 1u);
  EXPECT_DOUBLE_EQ(limits.all()[0].available(t0), 29) << "less the one sent after it";
}

TEST(Limits, WhatWasRefundedWasNotSpentSince) {
  Limits limits;
  limits.seed(seed(60, 60'000), minute, t0);
  auto first = limits.reserve(1, need(100), t0);
  limits.settle(limits.reserve(2, need(30'000), t0), need(1'000), t0);
  const LimitReport reports[] = {report(Dimension::input_tokens, 60'000, 59'900)};
  limits.observe(first, reports, minute, t0);
  EXPECT_DOUBLE_EQ(limits.all()[1].available(t0), 58'900);
}

TEST(Limits, WindowsScaleWithTheMinute) {
  Limits limits;
  auto spending = limits.reserve(1, need(100), t0);
  auto daily = report(Dimension::requests, 1000, 999);
  daily.window = 24h;
  const LimitReport reports[] = {report(Dimension::requests, 60, 0), daily};
  limits.observe(spending, reports, 6s, t0);
  ASSERT_EQ(limits.all().size(), 2u);
  EXPECT_EQ(limits.all()[0].window(), 6s);
  EXPECT_EQ(limits.all()[1].window(), Duration(24h) / 10);
  EXPECT_EQ(limits.wait(need(1), t0)->until, t0 + 100ms);
}

TEST(Limits, ARejectionHoldsEverybodyUntilItsDelay) {
  Limits limits;
  const auto spending = limits.reserve(1, need(1), t0);
  limits.rejected(spending, 12s, minute, 1h, t0);
  EXPECT_EQ(limits.wait(need(1), t0)->until, t0 + 12s);
  EXPECT_EQ(limits.cooldown(t0), t0 + 12s);
  EXPECT_FALSE(limits.cooldown(t0 + 12s));
}

TEST(Limits, ADelayIsBelievedForSoLongOnly) {
  Limits limits;
  limits.rejected(limits.reserve(1, need(1), t0), 14h, minute, 1h, t0);
  EXPECT_EQ(limits.wait(need(1), t0)->until, t0 + 1h);
}

TEST(Limits, AnUntoldLimitIsWhatWentOutBeforeTheRejection) {
  Limits limits;
  std::optional<Spending> last;
  for (std::uint64_t i = 1; i <= 21; ++i) last = limits.reserve(i, need(1), t0 + std::chrono::seconds(i));
  limits.rejected(*last, 38s, minute, 1h, t0 + 22s);
  ASSERT_EQ(limits.all().size(), 1u);
  EXPECT_DOUBLE_EQ(limits.all()[0].limit(), 20);
  EXPECT_EQ(limits.all()[0].source(), LimitSource::rejection);
  EXPECT_FALSE(limits.all()[0].bucket());
}

TEST(Limits, SeedsYieldToHeadersButFollowTheConfig) {
  Limits limits;
  limits.seed(seed(60, 6000), minute, t0);
  auto spending = limits.reserve(1, need(100), t0);
  const LimitReport reports[] = {report(Dimension::requests, 50, 49)};
  limits.observe(spending, reports, minute, t0);
  limits.seed(seed(10, 500), minute, t0);
  EXPECT_DOUBLE_EQ(limits.all()[0].limit(), 50);
  EXPECT_DOUBLE_EQ(limits.all()[1].limit(), 500);
  limits.seed(ProviderSeed{}, minute, t0);
  EXPECT_EQ(limits.all().size(), 1u);
}

TEST(Limits, MergedPoolsShareWhatIsLeft) {
  Limits a, b;
  a.seed(seed(60, 6000), minute, t0);
  b.seed(seed(60, 6000), minute, t0);
  for (std::uint64_t i = 1; i <= 20; ++i) a.reserve(i, need(10), t0);
  for (std::uint64_t i = 21; i <= 30; ++i) b.reserve(i, need(10), t0);
  a.merge(b, t0);
  EXPECT_DOUBLE_EQ(a.all()[0].available(t0), 30);
}

TEST(Limits, WhatNoResponseNamesAnyMoreIsForgotten) {
  Limits limits;
  limits.seed(seed(60, 6000), minute, t0);
  auto spending = limits.reserve(1, need(100), t0);
  const LimitReport told[] = {report(Dimension::requests, 50, 30), report(Dimension::output_tokens, 900, 900)};
  limits.observe(spending, told, minute, t0);
  const LimitReport still[] = {report(Dimension::output_tokens, 900, 900)};
  for (int i = 0; i < 100; ++i) {
    limits.heard(still, minute, t0 + 5min);
    limits.observe(spending, still, minute, t0 + 5min);
  }
  EXPECT_EQ(limits.all().size(), 3u) << "it may be a gateway's whim";
  limits.heard(still, minute, t0 + 10min);
  ASSERT_EQ(limits.all().size(), 2u);
  EXPECT_EQ(limits.all()[0].dimension(), Dimension::input_tokens) << "the configured one stays";
  EXPECT_EQ(limits.all()[1].dimension(), Dimension::output_tokens) << "and so does the one that is named";
}

// A gateway's own 429, or a limit that nobody told: a moment's wait is not what a day is short of.
TEST(Limits, AMomentsRejectionIsNotADaysLimit) {
  Limits limits;
  auto day = report(Dimension::requests, 1000, 990);
  day.window = 24h;
  auto first = limits.reserve(1, need(100), t0);
  limits.observe(first, {&day, 1}, minute, t0);
  limits.settle(first, need(100), t0);
  for (const bool named : {true, false}) {
    SCOPED_TRACE(named);
    auto refused = limits.reserve(named ? 2 : 3, need(100), t0 + 5s);
    if (named) limits.observe(refused, {&day, 1}, minute, t0 + 5s);
    limits.rejected(refused, 2s, minute, 60s, t0 + 5s);
    limits.settle(refused, {}, t0 + 5s);
    EXPECT_FALSE(limits.wait(need(100), t0 + 10s)) << "once the delay is over";
    EXPECT_GE(limits.all()[0].available(t0 + 10s), 900);
  }
}
}  // namespace
}  // namespace hivemind
