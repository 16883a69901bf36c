#include "sim/bounds.h"

#include <gtest/gtest.h>

#include "sim/scenario_file.h"

namespace hivemind::sim {
namespace {

Outcome requests(int count, Duration apart) {
  Outcome outcome;
  outcome.shortest_answer = 1s;
  auto& agent = outcome.agents.emplace_back();
  agent.busy = 3s;
  for (int i = 0; i < count; ++i) {
    agent.served_at.push_back(apart * i);
    outcome.waits.push_back(0);
    outcome.work.push_back({.at = apart * i,
                            .agent = 0,
                            .input = 10,
                            .cache_read = 0,
                            .output = 5,
                            .max_tokens = 100,
                            .took = 1s,
                            .delivered = true});
  }
  outcome.backlog_end = apart * count;
  return outcome;
}

Scenario limited(const std::string& limit) {
  return parse_scenario("[provider]\nlimits = [\"" + limit + "\"]\n[[agents]]\ncount = 1", "t.toml", {});
}

TEST(Bounds, AWindowServesItsLimitAtOnce) {
  EXPECT_EQ(bounds(limited("requests=50,window"), requests(50, 1ms)).makespan, Duration(3s));  // the agent's own pace
  const auto bound = bounds(limited("requests=50,window"), requests(51, 1ms));
  EXPECT_EQ(bound.makespan, Duration(61s));
  EXPECT_TRUE(bound.limited);
}

TEST(Bounds, ABucketServesItsBurstThenItsRate) {
  EXPECT_EQ(bounds(limited("requests=60"), requests(80, 1ms)).makespan, Duration(21s));
  EXPECT_EQ(bounds(limited("requests=60,quantum=1s"), requests(80, 1ms)).makespan, Duration(80s));
}

TEST(Bounds, TokensBindToo) {
  // 80 * 15 tokens in all, 300 at once and 300 a minute.
  EXPECT_EQ(bounds(limited("tokens=300"), requests(80, 1ms)).makespan, Duration(181s));
  // max_tokens in place of what was written: 80 * 110.
  EXPECT_EQ(bounds(limited("tokens=4400,charge-max"), requests(80, 1ms)).makespan, Duration(61s));
}

TEST(Bounds, AConcurrencyCapBinds) {
  auto scenario = limited("requests=1000");
  scenario.provider.config.concurrency_cap = 2;
  EXPECT_EQ(bounds(scenario, requests(80, 1ms)).makespan, Duration(40s));
}

TEST(Bounds, UtilisationIsOfWhatCouldBeHad) {
  // One request a second under one a second and a burst of one.
  EXPECT_NEAR(*bounds(limited("requests=60,quantum=1s"), requests(100, 1s)).utilisation, 1.0, 0.02);
  EXPECT_NEAR(*bounds(limited("requests=60,quantum=1s"), requests(100, 2s)).utilisation, 0.5, 0.02);
  // Windows of 50: full ones, then half used ones.
  EXPECT_NEAR(*bounds(limited("requests=50,window"), requests(300, 1200ms)).utilisation, 1.0, 0.001);
  EXPECT_NEAR(*bounds(limited("requests=50,window"), requests(300, 2400ms)).utilisation, 0.5, 0.001);
}
}  // namespace
}  // namespace hivemind::sim
