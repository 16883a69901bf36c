#include "sim/claims.h"

#include <gtest/gtest.h>

#include "sim/paper.h"
#include "sim/report.h"

namespace hivemind::sim {
namespace {

TEST(Claims, AllHold) {
  const auto claims = play_claims(find_scenarios(""), 5, 2);
  const auto text = as_text(claims);
  EXPECT_EQ(text.find("DOES NOT HOLD"), std::string::npos) << text;
  EXPECT_EQ(claims.fan_outs.size(), 8u);
  EXPECT_EQ(claims.loads.size(), 4u);
  EXPECT_EQ(claims.budgets.size(), 3u);
  for (const auto& one : claims.fan_outs) {
    ASSERT_TRUE(one.fair.late && one.fcfs.late) << one.estimates;
    EXPECT_LE(one.fair.late->requests, one.fair.late->bound) << one.estimates;
  }
  // The oracle can tell: first come, first served leaves the small ones far behind ideal sharing.
  EXPECT_GT(claims.fan_outs.front().fcfs.late->requests, claims.fan_outs.front().fcfs.late->bound);
}

TEST(Claims, SaySoWhenTheyDoNotHold) {
  Claims claims;
  FanOut late{"right", {}, {}};
  late.fair.late = Lateness{2, 1};
  late.fcfs.completion = 10;
  claims.fan_outs.push_back(late);
  Row overshot;
  overshot.overshoots = 1;
  overshot.over_budget = 1;
  claims.budgets.push_back(overshot);
  OwnLoad worse{"completion (s)", {}, {}};
  worse.fcfs.measures = {{"completion (s)", 10, 9, 11}};
  worse.own.measures = {{"completion (s)", 9.5, 9, 10}};
  claims.loads.push_back(worse);
  const auto text = as_text(claims);
  std::size_t said = 0;
  for (auto at = text.find("DOES NOT HOLD"); at != text.npos; at = text.find("DOES NOT HOLD", at + 1)) ++said;
  EXPECT_EQ(said, 3u) << text;
}
}  // namespace
}  // namespace hivemind::sim
