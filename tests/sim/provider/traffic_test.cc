#include "sim/provider/traffic.h"

#include <gtest/gtest.h>

namespace hivemind::provider {
namespace {
const TimePoint start{std::chrono::hours(1)};

TEST(Traffic, GrowsByHalfAboveItsFloor) {
  Traffic traffic;
  EXPECT_TRUE(traffic.may_grow(1000, 1000, start));
  traffic.add(1000, start);
  EXPECT_FALSE(traffic.may_grow(1, 1000, start + 59s));
  EXPECT_TRUE(traffic.may_grow(1000, 1000, start + 60s)) << "another minute";
  EXPECT_FALSE(traffic.may_grow(1001, 1000, start + 14min));
  EXPECT_TRUE(traffic.may_grow(1500, 1000, start + 15min));
  EXPECT_FALSE(traffic.may_grow(1501, 1000, start + 15min));
  EXPECT_FALSE(traffic.may_grow(1001, 1000, start + 30min)) << "idle for 15 minutes";
}
}  // namespace
}  // namespace hivemind::provider
