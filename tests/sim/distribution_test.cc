#include "sim/distribution.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "core/seconds.h"

namespace hivemind::sim {
namespace {

TEST(Distribution, DrawsAroundItsMean) {
  for (const char* text : {"2s", "uniform 1s 3s", "exponential 5s", "lognormal 4s 0.5"}) {
    SCOPED_TRACE(text);
    const auto distribution = Distribution::parse(text);
    Rng rng(7);
    double sum = 0;
    for (int i = 0; i < 20000; ++i) {
      const auto drawn = distribution.draw(rng);
      ASSERT_GE(drawn, Duration::zero());
      sum += in_seconds(drawn) / 20000;
    }
    EXPECT_NEAR(sum, in_seconds(distribution.mean()), 0.05 * sum);
  }
}

TEST(Distribution, UniformStaysBetween) {
  const auto distribution = Distribution::parse("uniform 1s 3s");
  Rng rng(1);
  for (int i = 0; i < 1000; ++i) {
    const auto drawn = distribution.draw(rng);
    EXPECT_TRUE(drawn >= 1s && drawn <= 3s);
  }
}

TEST(Distribution, WhatIsNoneIsRefused) {
  for (const char* text :
       {"", "soon", "uniform 1s", "uniform 3s 1s", "normal 1s 2s", "lognormal 4s", "exponential -1s"})
    EXPECT_THROW(Distribution::parse(text), std::invalid_argument) << text;
}
}  // namespace
}  // namespace hivemind::sim
