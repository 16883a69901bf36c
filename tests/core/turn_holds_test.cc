#include "core/turn_holds.h"

#include <gtest/gtest.h>

#include "core/seconds.h"

namespace hivemind {
namespace {

const TimePoint t0{std::chrono::hours(1)};

TEST(GapHistory, HoldsForTheGapThatIsWorthMost) {
  GapHistory gaps;
  for (int i = 0; i < 90; ++i) gaps.add(1);
  for (int i = 0; i < 10; ++i) gaps.add(50);
  EXPECT_TRUE(gaps.enough_known());
  EXPECT_DOUBLE_EQ(gaps.best_hold(10), 1);     // 0.9 * 10 - 1 beats 10 - 50
  EXPECT_DOUBLE_EQ(gaps.best_hold(1000), 50);  // 1000 - 50 beats 900 - 1
  EXPECT_DOUBLE_EQ(gaps.best_hold(1), 0);      // 0.9 - 1: not worth it
}

TEST(TurnHolds, AReturnInTimeFindsItsSlotHeld) {
  TurnHolds holds;
  holds.waited(20s);
  holds.turn_ended({1, 1}, 0, t0);
  EXPECT_EQ(holds.active(t0), 1u);
  EXPECT_TRUE(holds.turn_began({1, 1}, t0 + 1s));
  EXPECT_EQ(holds.active(t0 + 1s), 0u);
}

TEST(TurnHolds, EndsByItself) {
  TurnHolds holds;
  holds.waited(20s);
  holds.turn_ended({1, 1}, 0, t0);
  ASSERT_TRUE(holds.next_end());
  EXPECT_EQ(holds.active(*holds.next_end()), 0u);
  EXPECT_FALSE(holds.turn_began({1, 1}, t0 + 2s));
}

TEST(TurnHolds, NobodyWaitsNothingIsHeld) {
  TurnHolds holds;
  holds.turn_ended({1, 1}, 0, t0);
  EXPECT_EQ(holds.active(t0), 0u);
}

TEST(TurnHolds, LearnsTheGapsOfARun) {
  TurnHolds holds;
  TimePoint now = t0;
  for (int i = 0; i < 200; ++i) {
    holds.waited(10s);
    holds.turn_ended({1, 1}, 0, now);
    holds.turn_began({1, 1}, now += 3s);
  }
  holds.turn_ended({1, 1}, 0, now);
  EXPECT_EQ(holds.active(now + 3s), 1u);
  EXPECT_EQ(holds.active(now + 3s + 1ms), 0u);
}

TEST(TurnHolds, EtaIsOneForAgentsOfOneLengthAndLessForAnyLength) {
  TurnHolds alike, any;
  const auto live = [](TurnHolds& holds, std::uint64_t run, int turns) {
    for (int i = 0; i < turns; ++i) holds.turn_ended({run, 1}, 0, t0);
    holds.run_ended(run);
  };
  EXPECT_DOUBLE_EQ(alike.eta(), 1);
  for (std::uint64_t run = 1; run <= 5; ++run) live(alike, run, 10);
  EXPECT_NEAR(alike.eta(), 1, 1e-9);
  for (std::uint64_t run = 1; run <= 5; ++run) live(any, run, run == 5 ? 100 : 2);
  EXPECT_LE(any.eta(), 1);
  any = {};
  for (std::uint64_t run = 1; run <= 20; ++run) live(any, run, static_cast<int>(run * run));
  EXPECT_LT(any.eta(), 0.5);
}

TEST(TurnHolds, AClosedRunHoldsNothing) {
  TurnHolds holds;
  holds.waited(20s);
  holds.turn_ended({1, 1}, 0, t0);
  holds.turn_ended({2, 1}, 0, t0);
  holds.run_ended(1);
  EXPECT_EQ(holds.active(t0), 1u);
}
}  // namespace
}  // namespace hivemind
