#include "core/demand.h"

#include <gtest/gtest.h>

#include "tests/core/fleet.h"

namespace hivemind {
namespace {

UsageHistory history_of(double output, double share = 1) {
  UsageHistory history;
  for (int i = 0; i < 10; ++i) history.add(output, share);
  return history;
}

const TokenCalibration uncalibrated;

Amounts expected(const RequestProfile& asked, const UsageHistory& agent = {}, const UsageHistory& pool = {}) {
  return expected_demand(asked, {agent, pool, uncalibrated});
}

TEST(Demand, OutputIsGuessedFromHistoryWithinTheCap) {
  const auto asked = profile("anthropic", 100, 4096);
  EXPECT_DOUBLE_EQ(of(expected(asked), Dimension::output_tokens), 1024);
  EXPECT_DOUBLE_EQ(of(expected(asked, {}, history_of(300)), Dimension::output_tokens), 300);
  EXPECT_DOUBLE_EQ(of(expected(asked, history_of(200), history_of(300)), Dimension::output_tokens), 200);
  EXPECT_DOUBLE_EQ(of(expected(profile("anthropic", 100, 64), history_of(200)), Dimension::output_tokens), 64);
}

TEST(Demand, TheQuantileIsReserved) {
  UsageHistory history;
  for (int output = 100; output <= 1000; output += 100) history.add(output, 1);
  const auto asked = profile("anthropic", 100, 4096);
  EXPECT_DOUBLE_EQ(of(expected_demand(asked, {history, {}, uncalibrated, 0.5}), Dimension::output_tokens), 500);
  EXPECT_DOUBLE_EQ(of(expected_demand(asked, {history, {}, uncalibrated, 0.9}), Dimension::output_tokens), 900);
}

TEST(Demand, ACapIsChargedUpFrontWhereProvidersDo) {
  const struct {
    const char* provider;
    std::optional<std::int64_t> cap;
    double reserved, charged;
  } cases[] = {
      {"openai", 4096, 4196, 4196},   {"azure", 4096, 4196, 4196}, {"cerebras", 4096, 4196, 4196},
      {"cerebras", {}, 32100, 32100}, {"openai", {}, 300, 300},    {"groq", 4096, 300, 300},
      {"openrouter", 4096, 300, 300},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(testing::Message() << c.provider << (c.cap ? " with" : " without") << " max_tokens");
    auto asked = profile(c.provider, 100);
    asked.max_tokens = c.cap;
    asked.output_bound = c.cap.value_or(32000);
    const auto need = expected(asked, history_of(200));
    EXPECT_DOUBLE_EQ(of(need, Dimension::tokens), c.reserved);
    EXPECT_DOUBLE_EQ(of(charged(asked, need, usage(100, 200)), Dimension::tokens), c.charged) << "and keeps it";
  }
}

TEST(Demand, CachedInputCountsNothingWhereItDoesNot) {
  Usage used = usage(50, 10);
  used.cache_read = 950;
  for (const char* free : {"anthropic", "groq"})
    EXPECT_DOUBLE_EQ(of(charged(profile(free, 1000), {}, used), Dimension::input_tokens), 50) << free;
  EXPECT_DOUBLE_EQ(of(charged(profile("openai", 1000), {}, used), Dimension::input_tokens), 1000);
  UsageHistory history;
  for (int i = 0; i < 5; ++i) learn(history, profile("anthropic", 1000), used);
  EXPECT_NEAR(of(expected(profile("anthropic", 2000), history), Dimension::input_tokens), 100, 0.01);
}

TEST(Demand, InputFollowsTheCalibration) {
  TokenCalibration twice;
  for (int i = 0; i < 10; ++i) twice.add(100, 200);
  const auto need = expected_demand(profile("openai", 300), {{}, {}, twice});
  EXPECT_DOUBLE_EQ(of(need, Dimension::input_tokens), 600);
}

TEST(Demand, TheLeastIsWhatNoCacheAndNoTokenizerTakesAway) {
  EXPECT_DOUBLE_EQ(of(least_demand(profile("openai", 100, 4096), uncalibrated), Dimension::tokens), 4146);
  EXPECT_DOUBLE_EQ(of(least_demand(profile("anthropic", 100, 4096), uncalibrated), Dimension::input_tokens), 0);
  EXPECT_DOUBLE_EQ(of(least_demand(profile("xai", 100, 4096), uncalibrated), Dimension::tokens), 50);
}

TEST(Demand, UnknownUsageIsWhatWasExpected) {
  const Amounts expected{1, 2, 3, 4};
  EXPECT_EQ(charged(profile(), expected, Usage{}), expected);
}
}  // namespace
}  // namespace hivemind
