// The seven scenarios of HiveMind's paper under our scheduler, however the provider enforces its limits.
#include "sim/paper.h"

#include <gtest/gtest.h>

namespace hivemind::sim {
namespace {

TEST(Paper, NobodyDiesAndNothingIsWasted) {
  const auto paper = play_paper(find_scenarios(""), 10, 2);
  ASSERT_EQ(paper.scenarios.size(), 7u);
  for (const auto& scenario : paper.scenarios) {
    ASSERT_EQ(scenario.ours.size(), 3u);
    for (const auto& row : scenario.ours) {
      SCOPED_TRACE(row.scenario);
      EXPECT_EQ(row.dead, 0u);
      EXPECT_EQ(row.wasted_tokens, 0);
      if (!row.limited) continue;
      EXPECT_LE(row.makespan_ratio.value(), 1.10);
      EXPECT_GE(row.utilisation.value(), 0.92);
    }
    EXPECT_LE(scenario.ours[0].upstream_429_share, 0.005);
    EXPECT_LE(scenario.ours[1].upstream_429_share, 0.005);
    // Nobody announces the second: that is learned from one rejection for requests, and from one for tokens.
    EXPECT_LE(scenario.ours[2].upstream_429_share, 0.025);
  }
}
}  // namespace
}  // namespace hivemind::sim
