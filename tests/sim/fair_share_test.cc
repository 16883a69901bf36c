#include "sim/fair_share.h"

#include <gtest/gtest.h>

#include "sim/scenario_file.h"

namespace hivemind::sim {
namespace {

Scenario two_agents(const std::string& of_them = "") {
  return parse_scenario("[provider]\nlimits = [\"requests=60,bucket,quantum=1s\"]\n[[agents]]\ncount = 2\n" + of_them,
                        "t.toml", {});
}

// Who was served at each second; all asked at the beginning.
Outcome served(const std::string& by) {
  Outcome outcome;
  outcome.agents.resize(2);
  outcome.waits.push_back(0);
  Duration at{};
  for (const char agent : by) {
    outcome.work.push_back(
        {.asked = {}, .sent = at, .at = at, .agent = agent == 'a' ? 0u : 1u, .took = 1ms, .delivered = true});
    at += 1s;
  }
  return outcome;
}

TEST(FairShare, NobodyIsLaterThanTheFluidWhenTurnsAreTaken) {
  const auto late = *lateness(two_agents(), served("abababab"));
  EXPECT_LE(late.requests, 1);
  EXPECT_EQ(late.bound, 1);
}

TEST(FairShare, WhoIsServedLastThoughItAskedForLittleIsLate) {
  const auto late = *lateness(two_agents(), served("aaaaaaab"));  // the fluid is through with b after two requests
  EXPECT_NEAR(late.requests, 6, 1e-6);
}

TEST(FairShare, NoneWithoutALimit) {
  auto scenario = two_agents();
  scenario.provider.config.limits.clear();
  EXPECT_FALSE(lateness(scenario, served("ab")));
}

TEST(FairShare, AWeightIsAShare) {
  auto scenario = parse_scenario(
      "[provider]\nlimits = [\"requests=60,bucket,quantum=1s\"]\n[[agents]]\nweight = 3\n[[agents]]\n", "t.toml", {});
  auto outcome = served("bbbaaa");
  outcome.agents[1].group = 1;
  EXPECT_NEAR(lateness(scenario, outcome)->requests, 2, 1e-6);  // the fluid is through with a after four
}

TEST(FairShare, WrongEstimatesWidenTheBound) {
  const auto right = lateness(two_agents(), served("abab"))->bound;
  const auto wrong = lateness(two_agents("misjudged = 0.5\nmisjudged_spread = 2\n"), served("abab"))->bound;
  // Four times wrong, one under way, one competitor: 1 + (1 + 1) * 3 + a quarter of 60.
  EXPECT_NEAR(wrong - right, 6 + 15, 1e-6);
}
}  // namespace
}  // namespace hivemind::sim
