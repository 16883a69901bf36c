// fair against an oracle: ideal fair sharing (GPS) as a fluid, computed apart from the policy.
#include "core/run_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <numeric>
#include <random>

#include "core/seconds.h"

namespace hivemind {
namespace {

const TimePoint t0{std::chrono::hours(1)};
constexpr double leash = 0.25, largest = 0.05;

struct Burst {
  double at = 0;  // in minutes of the pool, which serves one share a minute
  std::vector<double> costs;
  double weight = 1, guess = 1;  // guessed cost by true cost
  double ended = 0, ideal = 0;
  double total() const { return std::accumulate(costs.begin(), costs.end(), 0.0); }
};

// Every burst is a run of its own.
void share_ideally(std::vector<Burst>& bursts) {
  std::vector<double> left;
  for (const auto& burst : bursts) left.push_back(burst.total());
  double now = 0;
  for (std::size_t done = 0; done < bursts.size();) {
    double weight = 0, next = 1e9;
    for (std::size_t i = 0; i < bursts.size(); ++i) {
      if (bursts[i].at > now) next = std::min(next, bursts[i].at);
      if (bursts[i].at <= now && left[i] > 0) weight += bursts[i].weight;
    }
    double step = next - now;
    for (std::size_t i = 0; i < bursts.size(); ++i) {
      if (bursts[i].at <= now && left[i] > 0) step = std::min(step, left[i] * weight / bursts[i].weight);
    }
    for (std::size_t i = 0; i < bursts.size(); ++i) {
      if (bursts[i].at > now || left[i] <= 0) continue;
      left[i] -= step * bursts[i].weight / weight;
      if (left[i] > 1e-12) continue;
      left[i] = 0;
      bursts[i].ideal = now + step;
      ++done;
    }
    now += step;
  }
}

// One after the other, each for as long as it truly costs; its true cost is known `depth` services later.
void serve(std::vector<Burst>& bursts, const RunQueue::Options& options, std::size_t depth) {
  RunQueue queue(options);
  struct Sent {
    RunQueue::Item item;
    double extra;
  };
  std::deque<Sent> under_way;
  std::vector<std::size_t> order(bursts.size()), left(bursts.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return bursts[a].at < bursts[b].at; });
  std::map<std::uint64_t, std::pair<std::size_t, double>> truth;  // request: burst, cost
  std::size_t next = 0;
  std::uint64_t number = 0;
  const auto time = [](double minutes) { return t0 + from_seconds(60 * minutes); };
  for (double now = 0; next < order.size() || !queue.empty();) {
    for (; next < order.size() && (bursts[order[next]].at <= now || queue.empty()); ++next) {
      const auto& burst = bursts[order[next]];
      now = std::max(now, burst.at);
      left[order[next]] = burst.costs.size();
      for (const double cost : burst.costs) {
        ++number;
        truth[number] = {order[next], cost};
        queue.push({.request = number,
                    .run = order[next] + 1,
                    .agent = 1,
                    .band = 0,
                    .weight = burst.weight,
                    .cost = cost * burst.guess,
                    .rank = static_cast<std::int64_t>(number),
                    .since = time(now)},
                   time(now));
      }
    }
    const auto item = *queue.front(time(now));
    queue.pop_front(item.cost, time(now));
    const auto [burst, cost] = truth.at(item.request);
    now += cost;
    if (--left[burst] == 0) bursts[burst].ended = now;
    under_way.push_back({item, cost - item.cost});
    while (under_way.size() > depth) {
      queue.correct(under_way.front().item, under_way.front().extra);
      under_way.pop_front();
    }
  }
}

std::vector<Burst> random_bursts(std::uint64_t seed, double wrong_by) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> part(0, 1);
  std::vector<Burst> bursts(3 + random() % 15);
  const double spread = part(random) * 2;
  for (auto& burst : bursts) {
    burst.at = spread * part(random);
    burst.weight = random() % 4 == 0 ? 2 : 1;
    burst.guess = std::exp(std::log(wrong_by) * (2 * part(random) - 1));
    const auto count = random() % 3 ? 1 + random() % 4 : 1 + random() % 40;
    for (std::size_t i = 0; i < count; ++i) burst.costs.push_back(0.001 + (largest - 0.001) * part(random));
  }
  return bursts;
}

double worst_lateness(std::vector<Burst>& bursts, const RunQueue::Options& options, std::size_t depth) {
  share_ideally(bursts);
  serve(bursts, options, depth);
  double worst = -1e9;
  for (const auto& burst : bursts) worst = std::max(worst, burst.ended - burst.ideal);
  return worst;
}

TEST(FairPolicyBound, OneLargestRequestAfterIdealSharingWhenCostsAreKnown) {
  double worst = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    auto bursts = random_bursts(seed, 1);
    const double late = worst_lateness(bursts, {}, 0);
    worst = std::max(worst, late);
    ASSERT_LE(late, largest + 1e-9) << "seed " << seed;
  }
  RecordProperty("worst", std::to_string(worst / largest) + " requests");
}

TEST(FairPolicyBound, HoldsWhenCostsAreGuessedWrongFourTimesEitherWay) {
  constexpr std::size_t depth = 4;
  double worst = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    auto bursts = random_bursts(seed, 4);
    share_ideally(bursts);
    serve(bursts, {}, depth);
    double weights = 0;
    for (const auto& burst : bursts) weights += burst.weight;
    for (const auto& burst : bursts) {
      const double competitors = static_cast<double>(bursts.size() - 1);
      const double bound =
          largest + depth * 3 * largest + competitors * 3 * largest + (weights - burst.weight) / burst.weight * leash;
      ASSERT_LE(burst.ended - burst.ideal, bound) << "seed " << seed;
      worst = std::max(worst, (burst.ended - burst.ideal) / bound);
    }
  }
  RecordProperty("worst", std::to_string(worst) + " of the bound");
}

TEST(FairPolicyBound, TheOracleTellsOtherPoliciesApart) {
  int beyond = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    auto bursts = random_bursts(seed, 1);
    beyond += worst_lateness(bursts, {.policy = "fcfs"}, 0) > largest + 1e-9;
  }
  EXPECT_GT(beyond, 100);
}

TEST(FairPolicy, FanOutDoesNotHoldBackTheSmall) {
  const auto mean = [](const char* policy, double wrong_by) {
    std::mt19937_64 random(7);
    double sum = 0;
    for (int round = 0; round < 50; ++round) {
      std::vector<Burst> bursts(10);
      bursts[0].costs.assign(40, 0.02);
      for (std::size_t i = 1; i < bursts.size(); ++i) {
        bursts[i].at = 0.001 * static_cast<double>(i);
        bursts[i].costs.assign(1, 0.02);
      }
      for (auto& burst : bursts) burst.guess = random() % 2 ? wrong_by : 1 / wrong_by;
      serve(bursts, {.policy = policy}, 4);
      for (const auto& burst : bursts) sum += burst.ended - burst.at;
    }
    return sum / 500;
  };
  const double fcfs = mean("fcfs", 1);
  EXPECT_LE(mean("fair", 1), 0.6 * fcfs);
  EXPECT_LE(mean("fair", 4), 0.6 * fcfs) << "guesses four times too high or low";
  EXPECT_LE(mean("las", 1), 0.6 * fcfs);
  RecordProperty("fair by fcfs", std::to_string(mean("fair", 1) / fcfs));
}

TEST(FairPolicy, AgentsGoOneAfterTheOtherAndNoneIsLaterThanWhenTheyShare) {
  std::vector<Burst> bursts(10);
  for (auto& burst : bursts) burst.costs.assign(10, 0.02);
  share_ideally(bursts);
  serve(bursts, {}, 0);
  double sum = 0, ideal = 0;
  for (const auto& burst : bursts) sum += burst.ended, ideal += burst.ideal;
  EXPECT_LE(sum, 0.65 * ideal);
  for (const auto& burst : bursts) EXPECT_LE(burst.ended, burst.ideal + 0.02 + 1e-9);
}
}  // namespace
}  // namespace hivemind
