// Whole fleets against a provider: nobody dies, and the provider has almost nothing to reject.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/seconds.h"
#include "tests/core/fleet.h"

namespace hivemind {
namespace {

using Kind = ProviderRules::Kind;

struct Shape {
  const char* name;
  int agents, turns;
  ProviderRules rules;
  double most_rejected;  // share of requests
  Duration minute = 60s;
};

ProviderRules rules(Kind kind, double requests) {
  ProviderRules r;
  r.kind = kind;
  r.requests = requests;
  return r;
}

class FleetShape : public testing::TestWithParam<Shape> {};

TEST_P(FleetShape, NobodyDiesAndLittleIsRejected) {
  const Shape& shape = GetParam();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SchedulerConfig config;
    config.seed = seed;
    config.minute = shape.minute;
    Fleet fleet(config, shape.rules, seed);
    for (int i = 0; i < shape.agents; ++i) fleet.add({.turns = shape.turns});
    const auto result = fleet.run();
    EXPECT_EQ(result.dead, 0);
    EXPECT_LE(result.rejected, shape.most_rejected * result.requests) << "of " << result.requests;
  }
}

std::vector<Shape> shapes() {
  std::vector<Shape> all;
  const auto add = [&](const char* name, int agents, int turns, ProviderRules r, double most = 0.01,
                       Duration minute = 60s) {
    all.push_back({name, agents, turns, r, most, minute});
  };
  auto window = rules(Kind::window, 50), bucket = rules(Kind::bucket, 50);
  add("window50", 50, 6, window);
  add("bucket50", 50, 6, bucket);
  window.phase = 40s;
  add("window50_midphase", 50, 6, window);
  window.phase = {};
  window.lazy_window = true;
  add("window50_lazy", 50, 6, window);
  window.lazy_window = false;
  window.whole_seconds = bucket.whole_seconds = true;
  add("window50_wholeseconds", 50, 6, window);
  add("bucket50_wholeseconds", 50, 6, bucket);
  add("window50_wholeseconds_scaled", 50, 6, window, 0.01, 6s);
  add("bucket50_wholeseconds_scaled", 50, 6, bucket, 0.01, 6s);
  window.early = bucket.early = true;
  add("window50_early", 50, 6, window);
  add("window50_early_scaled", 50, 6, window, 0.02, 6s);
  add("bucket50_early", 50, 6, bucket);
  window.early = bucket.early = false;
  window.whole_seconds = bucket.whole_seconds = false;
  window.resets = false;
  add("window50_noresets", 50, 6, window);
  window.headers = false;
  add("window50_noheaders", 50, 6, window, 0.05);
  bucket.quantum = 1;
  add("bucket50_quantum1", 50, 6, bucket);
  bucket.way_jitter = 4ms;
  add("bucket50_quantum1_scaled", 50, 6, bucket, 0.01, 6s);
  bucket.way_jitter = 30ms;
  add("bucket50_quantum1_jitter", 50, 6, bucket);
  bucket.quantum = 5;
  add("bucket50_quantum5", 50, 6, bucket);
  auto replay = rules(Kind::window, 60);
  replay.latency = 120ms;
  replay.jitter = 60ms;
  replay.fault = 0.08;
  replay.reset = 0.05;
  replay.concurrency = 5;
  add("replay11", 11, 8, replay, 0.02);
  auto stress = rules(Kind::window, 20);
  stress.latency = 200ms;
  stress.fault = 0.10;
  stress.reset = 0.05;
  stress.concurrency = 3;
  stress.tokens = 50000;
  add("stress20", 20, 10, stress, 0.02);
  auto slow = rules(Kind::bucket, 50);
  slow.latency = 10s;
  slow.jitter = 5s;
  add("bucket50_slow", 50, 6, slow);
  return all;
}

// A provider may enforce its requests per minute as so many at once, and tell nobody: one rejection teaches it.
TEST(Fleet, AHiddenQuantumCostsOneRejection) {
  for (const double quantum : {1.0, 2.0, 5.0}) {
    for (const double limit : {20.0, 50.0, 60.0}) {
      SCOPED_TRACE(testing::Message() << quantum << " of " << limit);
      auto provider = rules(Kind::bucket, limit);
      provider.quantum = quantum;
      provider.way_jitter = 30ms;
      Fleet fleet(SchedulerConfig{}, provider);
      for (int i = 0; i < 25; ++i) fleet.add({.turns = 6});
      const auto result = fleet.run();
      EXPECT_EQ(result.dead, 0);
      EXPECT_LE(result.rejected, 1);
      EXPECT_LE(result.makespan, scaled(Duration(60s), 1.1 * (150 - quantum) / limit));
    }
  }
}

// Nobody announces anything, and each rejection names only the moment that one more request takes.
TEST(Fleet, AnUnannouncedRateIsFelt) {
  for (const double quantum : {0.0, 1.0, 5.0}) {
    SCOPED_TRACE(quantum);
    auto provider = rules(Kind::bucket, 60);
    provider.quantum = quantum;
    provider.headers = false;
    Fleet fleet(SchedulerConfig{}, provider);
    for (int i = 0; i < 30; ++i) fleet.add({.turns = 20});
    const auto result = fleet.run();
    EXPECT_EQ(result.dead, 0);
    EXPECT_LE(result.rejected, 10 + 0.03 * 600);
    EXPECT_LE(result.makespan, scaled(Duration(60s), 1.1 * (600 - (quantum > 0 ? quantum : 60)) / 60));
  }
}

// Nobody announces anything, and rejections name no delay either: how long there is no room is found out once.
TEST(Fleet, ALimitThatNobodyTellsIsFoundOut) {
  for (const auto kind : {Kind::window, Kind::bucket}) {
    for (const double quantum : {0.0, 1.0}) {
      SCOPED_TRACE(testing::Message() << (kind == Kind::window ? "window" : "bucket, at once ") << quantum);
      if (kind == Kind::window && quantum > 0) continue;
      auto provider = rules(kind, 60);
      provider.quantum = quantum;
      provider.headers = provider.retry_after = false;
      Fleet fleet(SchedulerConfig{}, provider);
      for (int i = 0; i < 30; ++i) fleet.add({.turns = 20});
      const auto result = fleet.run();
      EXPECT_EQ(result.dead, 0);
      EXPECT_LE(result.rejected, 20 + 0.02 * 600);
      EXPECT_LE(result.makespan, scaled(Duration(60s), 1.2 * 600 / 60));
    }
  }
}

// At most so many at once, and 429s that say nothing: no rate is made of it.
TEST(Fleet, ACapOnConcurrencyIsNotTakenForARate) {
  Scheduler scheduler(SchedulerConfig{});
  scheduler.add_run(run_spec(1), start);
  std::set<RequestId> under_way;
  TimePoint now = start;
  for (int i = 0; i < 400; ++i) scheduler.submit(1, profile("deepseek"), now);
  int done = 0;
  for (; now < start + 120s && done < 400; now += 100ms) {
    for (const auto& action : scheduler.act(now)) {
      const auto id = std::get<Dispatch>(action).request;
      if (under_way.size() >= 8)
        scheduler.failed(id, {FailureClass::rate_limited, 429, std::nullopt, ""}, {}, now);
      else
        under_way.insert(id);
    }
    for (const auto id : std::exchange(under_way, {})) {  // each takes a step
      scheduler.first_content(id, now);
      scheduler.finished(id, usage(10, 10), false, now);
      ++done;
    }
  }
  EXPECT_EQ(done, 400);
  EXPECT_LE(now - start, Duration(40s));
  EXPECT_TRUE(scheduler.snapshot(now).pools.at(0).limits.empty());
}

TEST(Fleet, AnOutageIsOutlivedAndForgotten) {
  for (const Duration length : {Duration(60s), Duration(10min)}) {
    ProviderRules rules;
    rules.latency = 2s;
    rules.outage_begin = 60s;
    rules.outage_end = 60s + length;
    Fleet fleet(SchedulerConfig{}, rules);
    for (int i = 0; i < 20; ++i) fleet.add({.turns = 100000});
    const auto result = fleet.run(rules.outage_end + 4min);
    const auto served = [&](TimePoint from, TimePoint to) {
      return std::count_if(result.order.begin(), result.order.end(),
                           [&](const auto& sent) { return sent.first >= from && sent.first < to; });
    };
    const TimePoint end = start + rules.outage_end;
    const auto before = served(start + 30s, start + 60s), during = served(start + 65s, end),
               after = served(end + 3min, end + 3min + 30s);
    EXPECT_EQ(result.refused, 0);
    EXPECT_LE(during, 15 + length / Duration(10s)) << "probes, not a storm";
    EXPECT_GE(static_cast<double>(after), 0.95 * static_cast<double>(before));
    EXPECT_GE(served(end, end + 61s), 1) << "noticed within a breaker's longest pause";
  }
}

TEST(Fleet, ABigAccountIsNotHeldBack) {
  const auto makespan = [](bool slow_start) {
    SchedulerConfig config;
    config.slow_start = slow_start;
    auto big = rules(Kind::bucket, 4000);
    big.latency = 10s;
    Fleet fleet(config, big);
    for (int i = 0; i < 20; ++i) fleet.add({.turns = 6});
    const auto result = fleet.run();
    EXPECT_EQ(result.dead, 0);
    EXPECT_EQ(result.rejected, 0);
    return result.makespan;
  };
  // Six turns of ten seconds each take a minute when nobody waits for anybody.
  EXPECT_LE(makespan(true), 100s);
  EXPECT_GT(makespan(false), 150s);
}

TEST(Fleet, OneAgentAloneOutlivesALongOverload) {
  ProviderRules rules;
  rules.outage_end = 20min;
  Fleet fleet(SchedulerConfig{}, rules);
  fleet.add({.turns = 3});
  EXPECT_EQ(fleet.run().dead, 0);
}

INSTANTIATE_TEST_SUITE_P(Shapes, FleetShape, testing::ValuesIn(shapes()),
                         [](const auto& shape) { return shape.param.name; });
}  // namespace
}  // namespace hivemind
