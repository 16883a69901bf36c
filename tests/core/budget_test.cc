#include "core/budget.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <vector>

namespace hivemind {
namespace {

static_assert(!std::is_copy_constructible_v<Budget::Reservation>);

TEST(Budget, ReservesSettlesRefunds) {
  const auto budget = Budget::open(100, 0, nullptr);
  auto first = Budget::reserve(budget, 60);
  ASSERT_TRUE(first);
  EXPECT_FALSE(Budget::reserve(budget, 41));
  EXPECT_TRUE(budget->may_fit_later(41));
  first->settle(10);
  EXPECT_EQ(budget->spent(), 10);
  EXPECT_EQ(budget->left(), 90);
  Budget::reserve(budget, 90)->refund();
  EXPECT_EQ(budget->left(), 90);
}

TEST(Budget, ADroppedReservationIsForfeited) {
  const auto budget = Budget::open(100, 0, nullptr);
  { auto dropped = Budget::reserve(budget, 30); }
  EXPECT_EQ(budget->spent(), 30);
  EXPECT_EQ(budget->reserved(), 0);
}

TEST(Budget, SettlesOnce) {
  const auto budget = Budget::open(100, 0, nullptr);
  auto one = Budget::reserve(budget, 30);
  auto moved = std::move(*one);
  one->settle(30);
  EXPECT_EQ(budget->spent(), 0) << "what was moved from holds nothing";
  moved.settle(5);
  moved.settle(30);
  EXPECT_EQ(budget->spent(), 5);
}

TEST(Budget, AChildIsCarvedOutOfItsParent) {
  const auto parent = Budget::open(100, 0, nullptr);
  auto child = Budget::open(70, 0, parent);
  EXPECT_EQ(parent->left(), 30);
  const auto second = Budget::open(70, 0, parent);
  EXPECT_EQ(second->limit(), 30) << "no more than the parent has left";
  EXPECT_EQ(parent->left(), 0);
  Budget::reserve(child, 20)->settle(15);
  child.reset();
  EXPECT_EQ(parent->spent(), 15);
  EXPECT_EQ(parent->left(), 55);
}

TEST(Budget, KnowsWhatRefundsCannotMend) {
  const auto budget = Budget::open(100, 50, nullptr);
  const auto held = Budget::reserve(budget, 30);
  EXPECT_TRUE(budget->may_fit_later(50));
  EXPECT_FALSE(budget->may_fit_later(51));
}

TEST(Budget, FanOutNeverOvershoots) {
  for (int run = 0; run < 30; ++run) {
    const auto budget = Budget::open(1000, 0, nullptr);
    std::vector<Budget::Reservation> held;
    int refused = 0;
    for (int i = 0; i < 16; ++i) {
      if (auto one = Budget::reserve(budget, 100 + run))
        held.push_back(std::move(*one));
      else
        ++refused;
      ASSERT_LE(budget->spent() + budget->reserved(), budget->limit());
    }
    EXPECT_GT(refused, 0);
    for (auto& one : held) one.settle(100 + run);
    EXPECT_LE(budget->spent(), budget->limit());
    EXPECT_EQ(budget->reserved(), 0);
  }
}

TEST(BudgetCap, IsSharedAndSetsNobodysPartAside) {
  const auto total = Budget::shared(1000, nullptr), day = Budget::shared(500, total);
  const auto a = Budget::open(400, 0, nullptr, day), b = Budget::open(400, 0, nullptr, day);
  EXPECT_EQ(b->left(), 400) << "a's budget takes nothing from it before it is used";
  auto of_a = Budget::reserve(a, 300);
  ASSERT_TRUE(of_a);
  EXPECT_EQ(total->reserved(), 300);
  EXPECT_EQ(b->left(), 200);
  EXPECT_FALSE(Budget::reserve(b, 201));
  EXPECT_EQ(b->short_of(201), day.get());
  EXPECT_TRUE(b->may_fit_later(400));
  EXPECT_FALSE(b->may_fit_later(401));
  of_a->settle(50);
  EXPECT_EQ(day->spent(), 50);
  EXPECT_EQ(total->spent(), 50);
  EXPECT_EQ(total->reserved(), 0);
  EXPECT_EQ(b->left(), 400);
}

TEST(BudgetCap, HoldsForChildrenToo) {
  const auto day = Budget::shared(100, nullptr);
  const auto run = Budget::open(1000, 0, nullptr, day), child = Budget::open(500, 0, run);
  EXPECT_EQ(child->left(), 100);
  { const auto forfeited = Budget::reserve(child, 60); }
  EXPECT_EQ(day->spent(), 60);
  EXPECT_EQ(child->spent(), 60);
}
}  // namespace
}  // namespace hivemind
