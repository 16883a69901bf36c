#include "core/usage_history.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {

TEST(UsageHistory, KnowsNothingAtFirst) {
  EXPECT_FALSE(UsageHistory{}.output(0.9));
  EXPECT_TRUE(UsageHistory{}.empty());
}

TEST(UsageHistory, QuantilesAreOverTheNewest) {
  UsageHistory history;
  for (int i = 0; i < 100; ++i) history.add(1e6, 3);
  for (int i = 1; i <= 32; ++i) history.add(i * 10, 0.5);
  EXPECT_DOUBLE_EQ(*history.output(0.5), 160);
  EXPECT_DOUBLE_EQ(*history.output(0.9), 290);
  EXPECT_DOUBLE_EQ(*history.output(1.0), 320);
  EXPECT_DOUBLE_EQ(*history.output(0.0), 10);
  EXPECT_DOUBLE_EQ(*history.billed_share(0.9), 0.5);
}
}  // namespace
}  // namespace hivemind
