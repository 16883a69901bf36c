#include "core/ahead_of_turn.h"

#include <gtest/gtest.h>

#include "tests/core/fleet.h"

namespace hivemind {
namespace {

TEST(AheadOfTurn, KeepsToItsShare) {
  AheadOfTurn ahead;
  double went = 0;
  const auto use_all = [&](double cost) {
    while (ahead.allows(cost)) ahead.went_ahead(cost), went += cost;
  };
  use_all(0.01);
  EXPECT_NEAR(went, AheadOfTurn::burst, 0.011);
  for (int i = 0; i < 1000; ++i) {
    ahead.went_in_turn(0.01);
    use_all(0.01);
  }
  EXPECT_LE(went, AheadOfTurn::burst + AheadOfTurn::share * 10 + 0.001);
  EXPECT_GT(went, AheadOfTurn::share * 10);
  EXPECT_NEAR(ahead.usual_cost(), 0.01, 1e-9);
}

TEST(AheadOfTurn, NobodyPassesAHigherBand) {
  AheadOfTurn ahead;
  ahead.add(7, 3, start + 1s);
  ahead.add(8, 2, start + 2s);
  EXPECT_EQ(ahead.due(3, start), std::nullopt);
  EXPECT_EQ(ahead.next(start), start + 1s);
  EXPECT_EQ(ahead.due(3, start + 3s), 7u);
  EXPECT_EQ(ahead.due(2, start + 3s), 8u);
  EXPECT_EQ(ahead.due(1, start + 3s), std::nullopt);
  EXPECT_EQ(ahead.next(start + 1s), start + 2s);
  ahead.remove(7, 3, start + 1s);
  EXPECT_EQ(ahead.due(3, start + 3s), 8u);
  EXPECT_EQ(ahead.next(start + 2s), std::nullopt);
}

TEST(AheadOfTurn, WhatIsUsualIsReckonedAnewWithTheCosts) {
  AheadOfTurn ahead;
  ahead.went_in_turn(0.1);
  ahead.rescale(0.5);
  EXPECT_DOUBLE_EQ(ahead.usual_cost(), 0.05);
  EXPECT_TRUE(ahead.allows(AheadOfTurn::burst)) << "a bound in minutes of the pool stays";
}
}  // namespace
}  // namespace hivemind
