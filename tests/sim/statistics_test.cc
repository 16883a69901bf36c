#include "sim/statistics.h"

#include <gtest/gtest.h>

namespace hivemind::sim {
namespace {

TEST(Statistics, WilsonIntervals) {
  EXPECT_EQ(wilson(0, 330).low, 0);
  EXPECT_NEAR(wilson(0, 330).high, 0.0115, 0.0001);
  EXPECT_NEAR(wilson(1, 11).low, 0.016, 0.001);  // the paper's single death of eleven
  EXPECT_NEAR(wilson(1, 11).high, 0.377, 0.001);
  EXPECT_EQ(wilson(11, 11).high, 1);
  EXPECT_EQ(wilson(0, 0).high, 1);  // nothing is known
}

TEST(Statistics, Jain) {
  EXPECT_EQ(jain(std::vector<double>{3, 3, 3}), 1);
  EXPECT_DOUBLE_EQ(jain(std::vector<double>{1, 0, 0, 0}), 0.25);
  EXPECT_EQ(jain(std::vector<double>{0, 0}), 1);
  EXPECT_EQ(jain({}), 1);
}

TEST(Statistics, Quantiles) {
  std::vector<float> values{5, 1, 4, 2, 3};
  EXPECT_EQ(quantile(values, 0.5), 3);
  EXPECT_EQ(quantile(values, 0.99), 5);
  EXPECT_EQ(quantile(values, 0), 1);
  values.clear();
  EXPECT_EQ(quantile(values, 0.5), 0);
}
}  // namespace
}  // namespace hivemind::sim
