#include "core/token_calibration.h"

#include <gtest/gtest.h>

#include "tests/core/fleet.h"

namespace hivemind {
namespace {

RequestProfile from(std::string client, std::string model) {
  auto p = profile();
  p.client = std::move(client);
  p.model = std::move(model);
  return p;
}

TEST(TokenCalibration, KnowsNothingAtFirst) {
  const TokenCalibration fresh;
  EXPECT_DOUBLE_EQ(fresh.ratio(0.9), 1);
  EXPECT_EQ(fresh.bound(100, 700), 700);
}

TEST(TokenCalibration, RatiosHaveASpread) {
  TokenCalibration c;
  for (int percent = 101; percent <= 120; ++percent) c.add(100, percent);
  EXPECT_NEAR(c.ratio(0.5), 1.10, 1e-6);
  EXPECT_NEAR(c.ratio(0.9), 1.18, 1e-6);
  EXPECT_NEAR(c.spread(), 1.18 / 1.02, 1e-6);
}

TEST(TokenCalibration, TheBoundIsAboveTheWorstSeenAndNeverAboveTheSoundOne) {
  TokenCalibration c;
  c.add(100, 200);
  for (int i = 0; i < 100; ++i) c.add(100, 80);
  EXPECT_EQ(c.bound(100, 700), 300) << "the worst is remembered when its sample is long gone";
  EXPECT_EQ(c.bound(100, 250), 250);
}

TEST(TokenCalibration, NonsenseTeachesNothing) {
  TokenCalibration c;
  c.add(0, 100);
  c.add(100, 0);
  c.add(-5, -5);
  EXPECT_DOUBLE_EQ(c.ratio(0.5), 1);
}

TEST(TokenCalibrations, AreKeptPerModelAndClientWhateverItsVersion) {
  TokenCalibrations all;
  const auto asked = from("claude-cli/2.1.1", "sonnet");
  for (int i = 0; i < 10; ++i) all.learn(asked, usage(asked.input_tokens * 2, 5));
  EXPECT_DOUBLE_EQ(all.of(from("claude-cli/2.1.9", "sonnet")).ratio(0.5), 2);
  EXPECT_DOUBLE_EQ(all.of(from("claude-cli/2.1.1", "opus")).ratio(0.5), 1);
  EXPECT_DOUBLE_EQ(all.of(from("codex/1", "sonnet")).ratio(0.5), 1);
}
}  // namespace
}  // namespace hivemind
