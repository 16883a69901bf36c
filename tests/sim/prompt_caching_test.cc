// What minding the provider's prompt cache saves in the two scenarios that are about it.
#include <gtest/gtest.h>

#include "core/seconds.h"
#include "sim/paper.h"
#include "sim/scenario_file.h"
#include "sim/variants.h"

namespace hivemind::sim {
namespace {

struct Bill {
  std::int64_t input = 0;    // tokens that count: all but those read from the cache
  std::int64_t written = 0;  // large prompts among them
  double completion = 0;     // mean over the agents of `group`, seconds
  std::uint64_t dead = 0;
};

Bill played(const std::string& name, const std::string& group, const std::string& setting) {
  Bill bill;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto one = scheduled(load_scenario(find_scenarios("") / (name + ".toml"), {setting}), "", "", "");
    const auto outcome = Simulation(one.scenario, one.variant, seed).run();
    for (const auto& work : outcome.work) {
      bill.input += work.input;
      bill.written += work.input > 15'000;
    }
    double sum = 0;
    int agents = 0;
    for (const auto& agent : outcome.agents) {
      bill.dead += agent.dead;
      if (one.scenario.agents[agent.group].name != group) continue;
      sum += in_seconds(agent.ended - agent.began);
      ++agents;
    }
    bill.completion += sum / agents / 3;
  }
  return bill;
}

// Sixteen sub-agents: 33,000 tokens in place of 110,000 to 150,000, for a second of each one's time.
TEST(PromptCaching, OneOfManySiblingsWritesTheirPrompt) {
  const auto on = played("siblings", "subagent", "scheduler.cache_siblings=true");
  const auto off = played("siblings", "subagent", "scheduler.cache_siblings=false");
  EXPECT_EQ(on.written, 3);  // once per seed
  EXPECT_GE(off.written, 12);
  EXPECT_LE(on.input, 0.35 * static_cast<double>(off.input));
  EXPECT_LE(on.completion, off.completion + 1.5);
  EXPECT_EQ(on.dead + off.dead, 0u);
}

// Six agents whose tests take four minutes: each writes its prompt once, not four or five times.
TEST(PromptCaching, AgentsThatComeBackFindTheirPrompts) {
  const auto on = played("cache-expiry", "tester", "scheduler.cache_expiry=true");
  const auto off = played("cache-expiry", "tester", "scheduler.cache_expiry=false");
  EXPECT_EQ(on.written, 3 * 6);
  EXPECT_GE(off.written, 3 * 20);
  EXPECT_LE(on.input, 0.8 * static_cast<double>(off.input));
  EXPECT_LE(on.completion, 0.95 * off.completion);
  EXPECT_EQ(on.dead + off.dead, 0u);
}
}  // namespace
}  // namespace hivemind::sim
