#include "sim/scenario_file.h"

#include <gtest/gtest.h>

#include "control/config_file.h"

namespace hivemind::sim {
namespace {

const std::string small = R"(about = "two agents"
[provider]
limits = ["requests=60,window,count-rejected", "tokens=1000"]
latency = "120ms+-60ms"
faults = ["502=0.08"]
[scheduler]
max_attempts = 3
[seed]
concurrency = 4
[[agents]]
count = 2
[[agents]]
name = "late"
begin = "5s"
client = "sdk"
priority = "low"
)";

std::string mistake(const std::string& toml, const std::vector<std::string>& settings = {}) {
  try {
    parse_scenario(toml, "x.toml", settings);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(ScenarioFile, SaysWhatIsPlayed) {
  const auto scenario = parse_scenario(small, "folder/small.toml", {});
  EXPECT_EQ(scenario.name, "small");
  ASSERT_EQ(scenario.provider.config.limits.size(), 2u);
  EXPECT_EQ(scenario.provider.config.limits[0].kind, provider::LimitKind::window);
  EXPECT_EQ(scenario.provider.config.latency, 120ms);
  EXPECT_EQ(scenario.scheduler.max_attempts, 3);
  EXPECT_EQ(scenario.scheduler.seeds.at("anthropic").concurrency, 4);
  ASSERT_EQ(scenario.agents.size(), 2u);
  EXPECT_EQ(scenario.agent_count(), 3);
  EXPECT_EQ(scenario.agents[1].client, ClientKind::sdk);
  EXPECT_EQ(scenario.agents[1].priority, Priority::low);
  EXPECT_EQ(scenario.agents[1].begin, 5s);
}

TEST(ScenarioFile, SettingsReplaceKeys) {
  const auto scenario = parse_scenario(
      small, "small.toml", {"provider.enforce=per-second", "agents.turns=3", "scheduler.retry=false", "about=other"});
  EXPECT_EQ(scenario.provider.config.limits[0].kind, provider::LimitKind::bucket);
  EXPECT_EQ(scenario.provider.config.limits[0].quantum, 1s);
  EXPECT_EQ(scenario.agents[0].turns, 3);
  EXPECT_EQ(scenario.agents[1].turns, 3);  // of every group
  EXPECT_FALSE(scenario.scheduler.retry);
  EXPECT_EQ(scenario.about, "other");
}

TEST(ScenarioFile, AMistakeIsNamedWithItsLine) {
  const struct {
    const char* from;
    const char* to;
    const char* said;
  } cases[] = {
      {"latency =", "latencie =", "x.toml:4: unknown key \"provider.latencie\"; did you mean \"provider.latency\"?"},
      {"120ms+-60ms", "quick", "x.toml:4: latency: 'quick' is no duration"},
      {"requests=60,window", "requests=60,often", "x.toml:3: limits: 'often' in the limit"},
      {"count = 2", "count = 0", "x.toml:11: agents.count is 0; write a whole number from 1"},
      {"\"sdk\"", "\"sdks\"", "x.toml:15: agents.client is \"sdks\"; write \"none\", \"sdk\" or \"jitter\""},
      {"max_attempts", "max_attemps", "x.toml:7: unknown key \"scheduler.max_attemps\"; did you mean"},
      {"client =", "within =", "x.toml:15: agents.within is \"sdk\"; name a group of agents that stands before"},
      {"about =", "wholly_different =",
       "Keys here: about, longest, provider, scheduler, seed, published, budget, group, agents (daemon/sim/README.md "
       "says what they mean)"},
      {"[provider]", "[provider", "x.toml:2: not TOML"},
  };
  for (const auto& c : cases) {
    auto text = small;
    text.replace(text.find(c.from), std::string_view(c.from).size(), c.to);
    EXPECT_NE(mistake(text).find(c.said), std::string::npos) << c.to << ": " << mistake(text);
  }
}

TEST(ScenarioFile, AMistakeInASettingIsTheSettings) {
  EXPECT_EQ(mistake(small, {"provider.enforce=daily"}).find("--set provider.enforce=daily: "), 0u);
  EXPECT_EQ(mistake(small, {"provider"}).find("--set provider: write key=value"), 0u);
  EXPECT_NE(mistake(small, {"agent.turns=3"}).find("did you mean \"agents\"?"), std::string::npos);
}

TEST(ScenarioFile, WithoutAgentsThereIsNothingToPlay) {
  EXPECT_NE(mistake("about = \"nobody\"").find("there are no agents; add [[agents]]"), std::string::npos);
}
}  // namespace
}  // namespace hivemind::sim
