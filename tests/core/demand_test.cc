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

TEST(Demand, OutputIsGuessedFromHistoryWithinTheCap) {
  const auto asked = profile("anthropic", 100, 4096);
  EXPECT_DOUBLE_EQ(of(expected_demand(asked, {}, {}), Dimension::output_tokens), 1024);
  EXPECT_DOUBLE_EQ(of(expected_demand(asked, {}, history_of(300)), Dimension::output_tokens), 300);
  EXPECT_DOUBLE_EQ(of(expected_demand(asked, history_of(200), history_of(300)), Dimension::output_tokens), 200);
  EXPECT_DOUBLE_EQ(of(expected_demand(profile("anthropic", 100, 64), history_of(200), {}), Dimension::output_tokens),
                   64);
}

TEST(Demand, OpenAiChargesTheCapUpFront) {
  const auto need = expected_demand(profile("openai", 100, 4096), history_of(200), {});
  EXPECT_DOUBLE_EQ(of(need, Dimension::tokens), 4196);
  const auto actual = charged(profile("openai", 100, 4096), need, usage(100, 200));
  EXPECT_DOUBLE_EQ(of(actual, Dimension::tokens), 4196) << "and keeps it";
}

TEST(Demand, CachedInputCountsNothingAtAnthropic) {
  Usage used = usage(50, 10);
  used.cache_read = 950;
  EXPECT_DOUBLE_EQ(of(charged(profile("anthropic", 1000), {}, used), Dimension::input_tokens), 50);
  EXPECT_DOUBLE_EQ(of(charged(profile("openai", 1000), {}, used), Dimension::input_tokens), 1000);
  UsageHistory history;
  for (int i = 0; i < 5; ++i) learn(history, profile("anthropic", 1000), used);
  EXPECT_NEAR(of(expected_demand(profile("anthropic", 2000), history, {}), Dimension::input_tokens), 100, 0.01);
}

TEST(Demand, UnknownUsageIsWhatWasExpected) {
  const Amounts expected{1, 2, 3, 4};
  EXPECT_EQ(charged(profile(), expected, Usage{}), expected);
}
}  // namespace
}  // namespace hivemind
