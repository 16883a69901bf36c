#include "core/flow_order.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace hivemind {
namespace {

// Flows that always have more to do, one unit of cost each unless said, and a server that takes whoever is first.
class Server {
public:
  explicit Server(const char* policy, bool banded = true) : order(*make_policy(policy), banded, 30s) {}
  void enter(OrderedFlow& flow, double cost = 1) {
    flow.rank = ++arrivals;
    if (flow.born == 0) flow.born = flow.rank;
    flow.cost = flow.queued = cost;
    order.enter(flow);
  }
  void serve(OrderedFlow& flow) {
    order.served(flow, flow.cost);
    flow.rank = ++arrivals;
    order.rekey(flow);
  }
  OrderedFlow* first() { return order.first(now); }
  int times_of(const OrderedFlow& flow, int services) {
    int count = 0;
    for (int i = 0; i < services; ++i) {
      count += order.first(now) == &flow;
      serve(*order.first(now));
    }
    return count;
  }

  FlowOrder order;
  TimePoint now{std::chrono::hours(1)};
  std::int64_t arrivals = 0;
};

TEST(FairPolicy, EqualFlowsTakeTurns) {
  Server server("fair");
  OrderedFlow a, b;
  server.enter(a);
  server.enter(b);
  EXPECT_EQ(server.times_of(a, 100), 50);
}

TEST(FairPolicy, WeightsDivideTheService) {
  Server server("fair");
  OrderedFlow a, b;
  a.weight = 3;
  server.enter(a);
  server.enter(b);
  EXPECT_NEAR(server.times_of(a, 400), 300, 2);
}

TEST(FairPolicy, CostsCountNotRequests) {
  Server server("fair");
  OrderedFlow big, small;
  server.enter(big, 10);
  server.enter(small, 1);
  const int of_big = server.times_of(big, 1100);
  EXPECT_NEAR(10 * of_big, 1100 - of_big, 21);
}

TEST(FairPolicy, ASmallQueueGoesWholeBeforeALongOne) {
  Server server("fair");
  OrderedFlow many, few;
  many.queued = 0.2, many.cost = 0.02;
  few.queued = 0.06, few.cost = 0.02;
  for (auto* flow : {&many, &few}) server.order.enter(*flow);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(server.first(), &few);
    few.queued -= few.cost;
    server.order.served(few, few.cost);
    few.queued > 0.001 ? server.order.rekey(few) : server.order.leave(few);
  }
  EXPECT_EQ(server.first(), &many);
}

TEST(FairPolicy, NoCreditIsSavedUpWhileIdle) {
  Server server("fair");
  OrderedFlow busy, idle;
  server.enter(busy);
  for (int i = 0; i < 100; ++i) server.serve(busy);
  server.enter(idle);
  EXPECT_LE(server.times_of(idle, 10), 6);
}

TEST(FairPolicy, NewcomersWithoutEndDoNotStarveAWaitingFlow) {
  Server server("fair");
  OrderedFlow waiting;
  waiting.tag = 3;  // it has had its share, and a bit more
  server.enter(waiting);
  std::vector<std::unique_ptr<OrderedFlow>> others;
  int passed = 0;
  for (; passed < 100; ++passed) {
    others.push_back(std::make_unique<OrderedFlow>());
    server.enter(*others.back());
    auto* next = server.first();
    if (next == &waiting) break;
    server.serve(*next);
    server.order.leave(*next);
  }
  EXPECT_LT(passed, 20);
}

TEST(FairPolicy, NewcomersAreNotHeldBackByCostsThatWereGuessedTooHigh) {
  Server server("fair");
  OrderedFlow a, b, late;
  server.enter(a, 4);
  server.enter(b, 4);
  for (int i = 0; i < 100; ++i) {
    auto* next = server.first();
    server.serve(*next);
    server.order.correct(*next, -3);
  }
  server.enter(late, 4);
  EXPECT_GE(server.times_of(late, 12), 2);
}

TEST(LasPolicy, WhoGotLeastGoesNext) {
  Server server("las");
  OrderedFlow a, b;
  server.enter(a);
  for (int i = 0; i < 5; ++i) server.serve(a);
  server.enter(b);
  EXPECT_EQ(server.times_of(b, 5), 5);
  EXPECT_EQ(server.times_of(b, 10), 5);
}

TEST(ProgramFcfsPolicy, TheEarlierAgentsLaterRequestGoesFirst) {
  Server server("program-fcfs");
  OrderedFlow first, second;
  server.enter(first);
  server.enter(second);
  server.order.leave(first);
  server.enter(first);
  EXPECT_EQ(server.times_of(first, 5), 5);
}

TEST(DeadlinePolicy, WhoMustStartSoonestGoesFirstAndTheLateBehindByDensity) {
  Server server("deadline");
  const TimePoint t{std::chrono::hours(1)};
  OrderedFlow soon, later, late_big, late_small;
  soon.start_by = t + 1s;
  later.start_by = t + 9s;
  late_big.late = late_small.late = true;
  server.enter(late_big, 5);
  server.enter(late_small, 1);
  server.enter(later);
  server.enter(soon);
  for (auto* flow : {&soon, &later, &late_small, &late_big}) {
    EXPECT_EQ(server.first(), flow);
    server.order.leave(*flow);
  }
}

TEST(FlowOrder, WithoutBandsByArrivalAlone) {
  Server server("fair", false);
  OrderedFlow first, second;
  first.band = 3;
  server.enter(first);
  server.enter(second);
  EXPECT_EQ(server.first(), &first);
  server.order.served(first, 1000);
  server.order.rekey(first);
  EXPECT_EQ(server.first(), &first);
}

TEST(FlowOrder, BandsGoFirstAndOneThatClimbedGetsItsPartOnly) {
  for (const auto policy : policy_names()) {
    SCOPED_TRACE(policy);
    Server server(std::string(policy).c_str());
    OrderedFlow low, high;
    low.band = 3;
    low.since = high.since = server.now;
    server.enter(low);
    server.enter(high);
    EXPECT_EQ(server.times_of(high, 50), 50);
    server.now += 90s;
    EXPECT_EQ(server.times_of(low, 90), 10) << "one in nine, and no arrears";
  }
}

TEST(FlowOrder, AgeDecidesBetweenBandsNotAmongEquals) {
  Server server("las");
  OrderedFlow old, young;
  old.band = young.band = 2;
  old.since = server.now;
  server.now += 10min;
  young.since = server.now;
  old.home = 2, old.tag = 5;
  server.enter(old);
  server.enter(young);
  EXPECT_EQ(server.first(), &young);
}

TEST(FlowOrder, BeforeAllBandsTheOverdueOldestFirst) {
  Server server("las");
  OrderedFlow old, older, fresh;
  older.overdue = old.overdue = true;
  older.tag = 100;
  server.enter(fresh);
  server.enter(older);
  server.enter(old);
  EXPECT_EQ(server.first(), &older);
}

TEST(OrderPolicy, EachIsFoundByItsNameAndTheDefaultForAnother) {
  const auto names = policy_names();
  EXPECT_EQ(names.front(), default_policy);
  EXPECT_EQ(names.size(), 5u);
  for (const auto name : names) EXPECT_NE(make_policy(name), nullptr);
  EXPECT_TRUE(make_policy("no such")->bounds_waits());
}
}  // namespace
}  // namespace hivemind
