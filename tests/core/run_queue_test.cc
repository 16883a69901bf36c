#include "core/run_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace hivemind {
namespace {

const TimePoint t0{std::chrono::hours(1)};

RunQueue::Item item(std::uint64_t request, std::uint64_t run, int band = 2, TimePoint since = t0,
                    std::uint64_t agent = 1, double weight = 1) {
  return {.request = request,
          .run = run,
          .agent = agent,
          .band = band,
          .weight = weight,
          .cost = 1,
          .rank = static_cast<std::int64_t>(request),
          .since = since};
}
std::vector<std::uint64_t> drain(RunQueue& queue, TimePoint now) {
  std::vector<std::uint64_t> order;
  while (const auto* first = queue.front(now)) {
    order.push_back(first->request);
    queue.pop_front(first->cost, now);
  }
  return order;
}

TEST(RunQueue, ArrivalWithinOneAgent) {
  RunQueue queue(RunQueue::Options{});
  for (std::uint64_t i = 1; i <= 5; ++i) queue.push(item(i, 1), t0);
  EXPECT_EQ(drain(queue, t0), (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
}

TEST(RunQueue, RunsTakeTurnsWhateverTheirLength) {
  RunQueue queue(RunQueue::Options{});
  for (std::uint64_t i = 1; i <= 6; ++i) queue.push(item(i, 1), t0);
  for (std::uint64_t i = 7; i <= 9; ++i) queue.push(item(i, 2), t0);
  EXPECT_EQ(drain(queue, t0), (std::vector<std::uint64_t>{1, 7, 2, 8, 3, 9, 4, 5, 6}));
}

TEST(RunQueue, AgentsOfARunShareItsPart) {
  RunQueue queue(RunQueue::Options{});
  for (std::uint64_t i = 1; i <= 4; ++i) queue.push(item(i, 1, 2, t0, 1), t0);
  for (std::uint64_t i = 5; i <= 6; ++i) queue.push(item(i, 1, 2, t0, 2), t0);
  for (std::uint64_t i = 7; i <= 10; ++i) queue.push(item(i, 2, 2, t0, 1), t0);
  EXPECT_EQ(drain(queue, t0), (std::vector<std::uint64_t>{1, 7, 5, 8, 2, 9, 6, 10, 3, 4}));
}

TEST(RunQueue, PriorityFirst) {
  RunQueue queue(RunQueue::Options{});
  queue.push(item(1, 1, 3), t0);
  queue.push(item(2, 2, 2), t0);
  queue.push(item(3, 3, 0), t0);
  EXPECT_EQ(drain(queue, t0), (std::vector<std::uint64_t>{3, 2, 1}));
}

TEST(RunQueue, LowPriorityWaitsABoundedTimeUnderEndlessCriticalWork) {
  RunQueue queue(RunQueue::Options{});
  queue.push(item(1, 1, 3), t0);
  std::uint64_t next = 2;
  TimePoint now = t0;
  bool served = false;
  for (; now < t0 + 10min && !served; now += 1s) {
    queue.push(item(next, 100 + next, 0, now), now);  // a new critical run each second
    queue.push(item(next + 1, 50, 0, now), now);      // and one that always has more
    next += 2;
    served = queue.front(now)->request == 1;
    queue.pop_front(1, now);
  }
  EXPECT_TRUE(served);
  EXPECT_GE(now - t0, 90s);
  EXPECT_LE(now - t0, 3min);
}

TEST(RunQueue, PutBackKeepsThePlace) {
  RunQueue queue(RunQueue::Options{});
  for (std::uint64_t i = 1; i <= 3; ++i) queue.push(item(i, i), t0);
  const auto place = queue.pop_front(1, t0);
  queue.put_back(item(1, 1), place, t0 + 1s);
  EXPECT_EQ(queue.front(t0 + 1s)->request, 1u);
}

TEST(RunQueue, InOrderForeseesWhatDrainDoes) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20; ++round) {
    RunQueue queue(RunQueue::Options{});
    for (std::uint64_t i = 1; i <= 40; ++i) {
      const auto run = 1 + random() % 5;
      queue.push(item(i, run, static_cast<int>(run % 4), t0, 1 + random() % 3), t0);
    }
    std::vector<std::uint64_t> foreseen;
    for (const auto& i : queue.in_order(t0)) foreseen.push_back(i.request);
    EXPECT_EQ(foreseen, drain(queue, t0));
  }
}

TEST(RunQueue, RandomUseLosesAndRepeatsNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    RunQueue queue({.fair = random() % 2 == 0, .aging_step = 10s});
    std::map<std::uint64_t, RunQueue::Item> inside;
    TimePoint now = t0;
    std::uint64_t next = 1;
    for (int step = 0; step < 3000; ++step) {
      now += std::chrono::milliseconds(random() % 500);
      const auto roll = random() % 10;
      if (roll < 5) {
        const auto added = item(next++, 1 + random() % 200, static_cast<int>(random() % 4), now, random() % 3);
        inside[added.request] = added;
        queue.push(added, now);
      } else if (roll < 6 && !inside.empty()) {
        queue.erase(inside.begin()->second, now);
        inside.erase(inside.begin());
      } else if (const auto* first = queue.front(now)) {
        const auto taken = *first;
        ASSERT_EQ(inside.count(taken.request), 1u);
        const auto place = queue.pop_front(1, now);
        if (roll == 9)
          queue.put_back(taken, place, now);
        else
          inside.erase(taken.request);
      }
      ASSERT_EQ(queue.size(), inside.size());
    }
    EXPECT_EQ(drain(queue, now).size(), inside.size());
  }
}
}  // namespace
}  // namespace hivemind
