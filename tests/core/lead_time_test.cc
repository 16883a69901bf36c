#include "core/lead_time.h"

#include <gtest/gtest.h>

#include "tests/core/fleet.h"

namespace hivemind {
namespace {

TEST(LeadTime, BoundsWhatItSaw) {
  LeadTime time;
  EXPECT_EQ(time.bound(10s), 5s);
  for (int i = 0; i < 50; ++i) time.add(i % 2 ? 900ms : 1100ms, 10s);
  EXPECT_GT(time.bound(10s), 1100ms);
  EXPECT_LT(time.bound(10s), 2s);
  EXPECT_NEAR(std::chrono::duration<double>(time.mean(10s)).count(), 1, 0.05);
  for (int i = 0; i < 50; ++i) time.add(1min, 10s);
  EXPECT_EQ(time.bound(10s), 10s);
}
}  // namespace
}  // namespace hivemind
