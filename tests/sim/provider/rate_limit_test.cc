#include "sim/provider/rate_limit.h"

#include <gtest/gtest.h>

namespace hivemind::provider {
namespace {
const TimePoint start{};

TEST(RateLimit, BucketRefillsContinuously) {
  RateLimit limit({.amount = 60}, start);
  limit.take(60, start);
  EXPECT_EQ(limit.remaining(start), 0);
  EXPECT_EQ(limit.wait_for(1, start), 1s);
  EXPECT_EQ(limit.wait_for(1, start + 400ms), 600ms);
  EXPECT_EQ(limit.wait_for(1, start + 1s), 0s);
  EXPECT_EQ(limit.reset_after(start + 10s), 50s);
  EXPECT_EQ(limit.remaining(start + 10min), 60);
}

TEST(RateLimit, QuantumLimitsWhatIsTakenAtOnce) {
  RateLimit limit({.amount = 120, .quantum = 1s}, start);  // two per second
  EXPECT_EQ(limit.wait_for(1, start), 0s);
  limit.take(2, start);
  EXPECT_EQ(limit.remaining(start), 118);
  EXPECT_EQ(limit.wait_for(1, start), 500ms);
  EXPECT_EQ(limit.wait_for(1, start + 500ms), 0s);
}

TEST(RateLimit, WindowIsFullAgainWhenItEnds) {
  RateLimit limit({.amount = 2, .kind = LimitKind::window}, start);
  limit.take(1, start + 5s);  // the window begins with its first request
  limit.take(1, start + 6s);
  EXPECT_EQ(limit.wait_for(1, start + 20s), 45s);
  EXPECT_EQ(limit.reset_after(start + 20s), 45s);
  EXPECT_EQ(limit.wait_for(1, start + 65s), 0s);
  EXPECT_EQ(limit.remaining(start + 65s), 2);
}

TEST(RateLimit, MoreThanTheLimitIsNever) {
  RateLimit limit({.dimension = Dimension::tokens, .amount = 100}, start);
  EXPECT_EQ(limit.wait_for(101, start), std::nullopt);
  EXPECT_EQ(limit.wait_for(100, start), 0s);
}

TEST(RateLimit, RefusedRequestsCostOnlyWhenCounted) {
  for (const bool counted : {false, true}) {
    SCOPED_TRACE(counted);
    RateLimit limit({.amount = 60, .count_rejected = counted}, start);
    limit.take(60, start);
    limit.take_rejected(start + 900ms);
    EXPECT_EQ(limit.wait_for(1, start + 900ms), counted ? 1s : 100ms);
  }
}

TEST(RateLimit, OutputMayOverdraw) {
  RateLimit limit({.dimension = Dimension::output_tokens, .amount = 60}, start);
  limit.take(90, start);
  EXPECT_EQ(limit.remaining(start), 0);
  EXPECT_EQ(limit.wait_for(1, start), 31s);
}
}  // namespace
}  // namespace hivemind::provider
