// The files in examples/scenarios: each can be read, and each policy's load shows what the policy is for.
#include <gtest/gtest.h>

#include <filesystem>

#include "sim/paper.h"
#include "sim/scenario_file.h"
#include "sim/variants.h"

namespace hivemind::sim {
namespace {

Scenario shipped(const std::string& name) { return load_scenario(find_scenarios("") / (name + ".toml"), {}); }

Row played(const std::string& name, const std::string& policy) {
  return play({scheduled(shipped(name), policy, "", "")}, 5, 1).front();
}

TEST(ShippedScenarios, CanAllBeRead) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(find_scenarios(""))) {
    if (entry.path().extension() != ".toml") continue;
    ++count;
    const auto scenario = load_scenario(entry.path(), {});
    EXPECT_FALSE(scenario.about.empty()) << entry.path();
  }
  EXPECT_GE(count, 14);
}

TEST(ShippedScenarios, FairServesSmallAgentsBesideAWideOne) {
  EXPECT_LE(played("fan-out", "fair").completion, 0.6 * played("fan-out", "fcfs").completion);
}

TEST(ShippedScenarios, LasServesShortAgentsBesideLongOnes) {
  EXPECT_LE(played("las", "las").completion, 0.9 * played("las", "fcfs").completion);
}

TEST(ShippedScenarios, DeadlineMeetsWhatFcfsMisses) {
  EXPECT_GE(*played("deadlines", "deadline").on_time, 0.95);
  EXPECT_LE(*played("deadlines", "fcfs").on_time, 0.7);
}

TEST(ShippedScenarios, NoBudgetIsOvershot) {
  const auto row = played("budget", "");
  EXPECT_EQ(row.overshoots, 0u);
  EXPECT_EQ(play({scheduled(shipped("budget"), "", "budget", "")}, 5, 1).front().overshoots, 5u);
}

TEST(ShippedScenarios, TheIncidentIsSurvived) {
  EXPECT_EQ(played("replay-11", "").dead, 0u);
  EXPECT_GT(play({direct(shipped("replay-11"), "none")}, 5, 1).front().dead, 25u);
}
}  // namespace
}  // namespace hivemind::sim
