#include "sim/experiment.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "sim/report.h"
#include "sim/scenario_file.h"
#include "sim/variants.h"

namespace hivemind::sim {
namespace {

Scenario world() {
  return parse_scenario(
      "[provider]\nlimits = [\"requests=20\"]\nlatency = \"100ms+-50ms\"\nfaults = [\"502=0.1\"]\n"
      "[[agents]]\ncount = 5\nturns = 8\ndeadline = \"1m\"\n",
      "world.toml", {});
}

TEST(Experiment, ThreadsChangeNothing) {
  const std::vector<Case> cases{direct(world(), "sdk"), scheduled(world(), "", "", ""),
                                scheduled(world(), "fcfs", "", "")};
  EXPECT_EQ(as_json(play(cases, 7, 1)), as_json(play(cases, 7, 3)));
}

TEST(Experiment, ARowCountsAllSeeds) {
  const auto rows = play({direct(world(), "none"), scheduled(world(), "", "retry", "")}, 4, 1);
  EXPECT_EQ(rows[0].policy, "direct");
  EXPECT_EQ(rows[0].client, "none");
  EXPECT_EQ(rows[0].agents, 20u);
  EXPECT_GT(rows[0].dead, 15u);
  EXPECT_GT(rows[0].dead_low, 0.5);
  EXPECT_EQ(rows[1].without, "retry");
  EXPECT_EQ(rows[1].policy, "fair");
  EXPECT_TRUE(rows[1].on_time);
}

TEST(Experiment, JsonHasExactlyTheKeysThatReadersRelyOn) {
  Row row;
  row.scenario = "a \"b\"";
  EXPECT_EQ(as_json({row}),
            "[\n {\"scenario\": \"a \\\"b\\\"\", \"policy\": \"\", \"without\": \"\", \"client\": \"\", \"seeds\": 0, "
            "\"agents\": 0, \"dead\": 0, \"dead_low\": 0, \"dead_high\": 0, \"wasted_tokens\": 0, \"makespan\": 0, "
            "\"makespan_ratio\": null, \"upstream_429_share\": 0, \"wait_p50\": 0, \"wait_p99\": 0, \"jain\": 0, "
            "\"utilisation\": null}\n]\n");
  EXPECT_EQ(as_json({}), "[\n]\n");
}

TEST(Experiment, CsvLeavesEmptyWhatHasNoValue) {
  const auto text = as_csv({Row{}});
  EXPECT_EQ(text.substr(0, text.find('\n')),
            "scenario,policy,without,client,seeds,agents,dead,dead_low,dead_high,wasted_tokens,makespan,makespan_ratio,"
            "upstream_429_share,wait_p50,wait_p99,jain,utilisation");
  EXPECT_TRUE(text.ends_with(",0,0,,0,0,0,0,\n")) << text;
}

TEST(Variants, NamesThatNobodyHas) {
  EXPECT_THROW(scheduled(world(), "fairest", "", ""), std::invalid_argument);
  EXPECT_THROW(scheduled(world(), "", "gravity", ""), std::invalid_argument);
  EXPECT_THROW(direct(world(), "curl"), std::invalid_argument);
}

TEST(Variants, EveryPrimitiveIsASwitch) {
  for (const auto& primitive : primitives()) {
    const auto on = world().scheduler, off = scheduled(world(), "", primitive, "").variant.scheduler;
    const int left = off.admission + off.rate_limits + off.breakers + off.budgets + off.fair_order + off.retry;
    EXPECT_EQ(left, 5) << primitive;
    EXPECT_TRUE(on.admission && on.retry);
  }
  EXPECT_EQ(primitives().size(), 6u);
}
}  // namespace
}  // namespace hivemind::sim
