#include "core/fair_order.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace hivemind {
namespace {

TEST(FairOrder, EqualFlowsTakeTurns) {
  FairOrder order(true);
  FairFlow a, b;
  a.rank = 1;
  b.rank = 2;
  order.enter(a);
  order.enter(b);
  int served_a = 0;
  for (int i = 0; i < 100; ++i) {
    auto* next = order.first();
    served_a += next == &a;
    order.served(*next, 1);
  }
  EXPECT_EQ(served_a, 50);
}

TEST(FairOrder, WeightsDivideTheService) {
  FairOrder order(true);
  FairFlow a, b;
  a.weight = 3;
  b.rank = 1;
  order.enter(a);
  order.enter(b);
  int served_a = 0;
  for (int i = 0; i < 400; ++i) {
    auto* next = order.first();
    served_a += next == &a;
    order.served(*next, 1);
  }
  EXPECT_NEAR(served_a, 300, 2);
}

TEST(FairOrder, CostsCountNotRequests) {
  FairOrder order(true);
  FairFlow big, small;
  order.enter(big);
  order.enter(small);
  double got_big = 0, got_small = 0;
  for (int i = 0; i < 1100; ++i) {
    auto* next = order.first();
    const double cost = next == &big ? 10 : 1;
    (next == &big ? got_big : got_small) += cost;
    order.served(*next, cost);
  }
  EXPECT_NEAR(got_big, got_small, 11);
}

TEST(FairOrder, NoCreditIsSavedUpWhileIdle) {
  FairOrder order(true);
  FairFlow busy, idle;
  idle.rank = 1;
  order.enter(busy);
  for (int i = 0; i < 100; ++i) order.served(busy, 1);
  order.enter(idle);
  int in_a_row = 0;
  while (order.first() == &idle && in_a_row < 10) {
    order.served(idle, 1);
    ++in_a_row;
  }
  EXPECT_LE(in_a_row, 1);
}

TEST(FairOrder, BandsGoFirstAndARiserGetsNoArrears) {
  FairOrder order(true);
  FairFlow low, high;
  low.band = 3;
  order.enter(low);
  order.enter(high);
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(order.first(), &high);
    order.served(high, 1);
  }
  order.update(low, 0, 0);
  int of_low = 0;
  for (int i = 0; i < 20; ++i) {
    of_low += order.first() == &low;
    order.served(*order.first(), 1);
  }
  EXPECT_NEAR(of_low, 10, 1);
}

TEST(FairOrder, NewcomersWithoutEndDoNotStarveAWaitingFlow) {
  FairOrder order(true);
  FairFlow waiting;
  waiting.tag = 3;  // it has had its share, and a bit more
  order.enter(waiting);
  std::vector<std::unique_ptr<FairFlow>> others;
  int passed = 0;
  for (; passed < 100; ++passed) {
    others.push_back(std::make_unique<FairFlow>());
    others.back()->rank = passed + 1;
    order.enter(*others.back());
    auto* next = order.first();
    if (next == &waiting) break;
    order.served(*next, 1);
    order.leave(*next);
  }
  EXPECT_LT(passed, 10);
}

TEST(FairOrder, RestoredFlowsStartWhereTheyDid) {
  FairOrder order(true);
  FairFlow a, b;
  b.rank = 1;
  order.enter(a);
  order.enter(b);
  const double was = a.tag;
  order.served(a, 5);
  EXPECT_EQ(order.first(), &b);
  order.restore(a, was);
  EXPECT_EQ(order.first(), &a);
}

TEST(FairOrder, UnfairIsByArrivalAlone) {
  FairOrder order(false);
  FairFlow first, second;
  first.rank = 1;
  first.band = 3;
  second.rank = 2;
  order.enter(second);
  order.enter(first);
  EXPECT_EQ(order.first(), &first);
  order.served(first, 1000);
  EXPECT_EQ(order.first(), &first);
}
}  // namespace
}  // namespace hivemind
