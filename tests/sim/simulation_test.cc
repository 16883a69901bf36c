#include "sim/simulation.h"

#include <gtest/gtest.h>

#include "sim/scenario_file.h"
#include "sim/variants.h"

namespace hivemind::sim {
namespace {

Scenario scenario(const std::string& provider, const std::string& agents) {
  return parse_scenario("[provider]\nlatency = \"100ms\"\nway = \"1ms\"\n" + provider + "\n[[agents]]\n" + agents,
                        "t.toml", {});
}

Outcome play_once(const Case& one, std::uint64_t seed = 1) { return Simulation(one.scenario, one.variant, seed).run(); }

int dead(const Outcome& outcome) {
  int count = 0;
  for (const auto& agent : outcome.agents) count += agent.dead;
  return count;
}

TEST(Simulation, AnAgentTakesItsOwnTime) {
  const auto world = scenario("", "count = 1\nturns = 3\ntool = \"500ms\"");
  const auto outcome = play_once(direct(world, ""));
  EXPECT_EQ(outcome.makespan, 3 * 102ms + 2 * 500ms);
  EXPECT_EQ(outcome.agents[0].turns, 3);
  EXPECT_EQ(outcome.attempts, 3u);
}

TEST(Simulation, TokensGrowWithTheContext) {
  const auto world = scenario("output_tokens = \"100\"", "turns = 3\nsystem_tokens = 1000\nturn_tokens = 50");
  const auto outcome = play_once(direct(world, ""));
  // 1050, 1050 + 150, 1050 + 300 in; 100 out of each.
  EXPECT_EQ(outcome.agents[0].tokens, 1050 + 1200 + 1350 + 3 * 100);
}

TEST(Simulation, WithoutHiveMindTheFirstRejectionKills) {
  const auto world = scenario("limits = [\"requests=5,window\"]", "count = 4\nturns = 3");
  const auto outcome = play_once(direct(world, "none"));
  EXPECT_EQ(dead(outcome), 4);
  EXPECT_EQ(outcome.agents[3].died_of, "HTTP 429");
  EXPECT_GT(outcome.wasted_tokens, 0);
  EXPECT_EQ(dead(play_once(direct(world, "sdk"))), 0);
}

TEST(Simulation, UnderHiveMindNobodyDies) {
  const auto world =
      scenario("limits = [\"requests=5,window\"]\nfaults = [\"502=0.2\"]", "count = 4\nturns = 3\ntimeout = \"20m\"");
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto outcome = play_once(scheduled(world, "", "", ""), seed);
    EXPECT_EQ(dead(outcome), 0);
    EXPECT_EQ(outcome.wasted_tokens, 0);
    EXPECT_EQ(outcome.waits.size(), 12u);
  }
}

TEST(Simulation, TheSameSeedGivesTheSameOutcome) {
  const auto world = scenario("limits = [\"requests=20\"]\nfaults = [\"reset=0.1\"]\nway_jitter = \"5ms\"",
                              "count = 5\nturns = 6\ntool = \"exponential 1s\"");
  const auto one = scheduled(world, "", "", "");
  const auto first = play_once(one, 3), again = play_once(one, 3), other = play_once(one, 4);
  EXPECT_EQ(first.makespan, again.makespan);
  EXPECT_EQ(first.waits, again.waits);
  EXPECT_NE(first.makespan, other.makespan);
}

TEST(Simulation, EveryFaultEndsSomehow) {
  for (const char* fault : {"500", "502", "503", "529", "429", "429:none", "spend-cap", "reset", "close",
                            "stall-before-head", "reset-after-head", "reset-mid-stream", "truncate", "end-early",
                            "stall", "stream-overloaded", "stream-overloaded-late"}) {
    SCOPED_TRACE(fault);
    for (const char* time : {"", "token_time = \"5ms\"\n"}) {
      const auto world = scenario(time + ("faults = [\"" + std::string(fault) + "=0.5\"]"),
                                  "count = 3\nturns = 4\nat_once = 3\nclient = \"sdk\"");
      for (const auto& one : {direct(world, ""), scheduled(world, "", "", "")}) {
        const auto outcome = play_once(one);
        for (const auto& agent : outcome.agents) {
          EXPECT_TRUE(agent.dead || agent.turns == 4);
          EXPECT_NE(agent.died_of, "never finished");
        }
      }
    }
  }
}

TEST(Simulation, AClientLosesPatience) {
  const auto world = scenario("faults = [\"stall-before-head=1\"]", "timeout = \"3s\"");
  const auto outcome = play_once(direct(world, ""));
  EXPECT_EQ(outcome.agents[0].died_of, "timeout");
  EXPECT_EQ(outcome.makespan, Duration(3s));
}

TEST(Simulation, ABudgetStopsAndIsNoDeath) {
  const auto world = scenario("", "turns = 50\nmax_tokens = 100\nclient = \"sdk\"\ntoken_budget = 5000");
  const auto outcome = play_once(scheduled(world, "", "", ""));
  EXPECT_TRUE(outcome.agents[0].over_budget);
  EXPECT_FALSE(outcome.agents[0].dead);
  EXPECT_LE(outcome.budgets.at(0).used, 5000);
  EXPECT_GT(play_once(scheduled(world, "", "budget", "")).budgets.at(0).used, 5000);
}

TEST(Simulation, ARequestIsChargedToEveryBudgetAboveIt) {
  auto world = scenario("",
                        "name = \"lead\"\nteam = \"t\"\ntoken_budget = 90000\n[[agents]]\ncount = 2\nturns = 2\n"
                        "within = \"lead\"\ntoken_budget = 20000");
  world.scheduler.total_budget = 100000;
  world.scheduler.group_budgets["t"] = 95000;
  const auto outcome = play_once(scheduled(world, "", "", ""));
  std::map<std::string, std::int64_t> used;
  for (const auto& budget : outcome.budgets) used[budget.name] = budget.used;
  ASSERT_EQ(used.size(), 5u);
  std::int64_t all = 0;
  for (const auto& agent : outcome.agents) all += agent.tokens;
  EXPECT_EQ(used["total"], all);
  EXPECT_EQ(used["group t"], all);
  EXPECT_EQ(used["run t/lead-1"], all);
  EXPECT_EQ(used["run agent-1"] + used["run agent-2"], outcome.agents[1].tokens + outcome.agents[2].tokens);
  EXPECT_GT(outcome.bounded_by, outcome.bounded);
}

TEST(Simulation, EveryEstimateIsWrongInItsOwnWay) {
  const std::string provider = "limits = [\"input-tokens=20000,bucket\"]",
                    agents = "count = 4\nsystem_tokens = 2000\ntimeout = \"600s\"\n";
  const auto right = play_once(scheduled(scenario(provider, agents), "", "", ""));
  const auto wrong = play_once(scheduled(scenario(provider, agents + "misjudged_spread = 4"), "", "", ""));
  EXPECT_NE(right.waits, wrong.waits);
  EXPECT_EQ(wrong.agents.size(), 4u);
  EXPECT_EQ(dead(wrong), 0);
}

TEST(Simulation, AnOutageIsWaitedOut) {
  const auto world =
      scenario("[[provider.outage]]\nbegin = \"1s\"\nlength = \"30s\"\nfault = \"529\"", "count = 3\nturns = 20");
  EXPECT_EQ(dead(play_once(scheduled(world, "", "", ""))), 0);
  EXPECT_EQ(dead(play_once(direct(world, "sdk"))), 3);
}

TEST(Simulation, TheOtherDialectIsReadToo) {
  const auto world =
      scenario("dialect = \"openai\"\nmodel = \"gpt-4.1\"\nlimits = [\"requests=30\", \"tokens=9000,charge-max\"]",
               "count = 6\nturns = 6\nmax_tokens = 500");
  const auto outcome = play_once(scheduled(world, "", "", ""));
  EXPECT_EQ(dead(outcome), 0);
  EXPECT_GT(outcome.agents[0].tokens, 0);
}
}  // namespace
}  // namespace hivemind::sim
