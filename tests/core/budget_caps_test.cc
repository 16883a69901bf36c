#include "core/budget_caps.h"

#include <gtest/gtest.h>

#include "core/state_bytes.h"
#include "tests/core/fleet.h"

namespace hivemind {
namespace {

constexpr double noon = 20'000 * 86400.0 + 43200;

SchedulerConfig capped() {
  SchedulerConfig config;
  config.total_budget = 10'000;
  config.day_budget = 5'000;
  config.group_budgets["nightly"] = 2'000;
  return config;
}

TEST(BudgetCaps, GroupIsWhatTheNameSaysBeforeTheSlash) {
  BudgetCaps caps;
  caps.configure(capped());
  EXPECT_EQ(caps.of("nightly/1")->left(), 2'000);
  EXPECT_EQ(caps.of("nightly")->left(), 2'000);
  EXPECT_EQ(caps.of("nightly2/1")->left(), 5'000);
  EXPECT_EQ(caps.name_of(caps.of("nightly/1").get()), "the budget of group 'nightly'");
  EXPECT_EQ(caps.name_of(caps.of("").get()), "the day's budget");
}

TEST(BudgetCaps, ACapThatIsSetLaterHoldsForWhoIsThere) {
  BudgetCaps caps;
  const auto run = caps.of("nightly/1"), other = caps.of("else");
  EXPECT_EQ(run->left(), Budget::unlimited);
  Budget::reserve(run, 300)->settle(300);
  EXPECT_TRUE(caps.snapshot().empty()) << "nobody set a cap";
  caps.configure(capped());
  EXPECT_EQ(run->left(), 1'700) << "and what it has spent counts";
  EXPECT_EQ(other->left(), 4'700);
  caps.configure({});
  EXPECT_GT(run->left(), 1'000'000);
}

TEST(BudgetCaps, ForgetsGroupsThatNobodyIsIn) {
  BudgetCaps caps;
  std::vector<std::shared_ptr<Budget>> kept;
  for (int i = 0; i < 10'000; ++i) {
    const auto group = caps.of("run-" + std::to_string(i));
    if (i < 5) kept.push_back(group);
  }
  StateWriter writer({start, noon});
  caps.fields(writer);
  EXPECT_LT(writer.size(), 500u);
  EXPECT_EQ(caps.of("run-3"), kept[3]);
}

TEST(BudgetCaps, TheDayBeginsAnewAtMidnightAndOnlyForwards) {
  BudgetCaps caps;
  caps.configure(capped());
  EXPECT_FALSE(caps.begin_day(noon));
  Budget::reserve(caps.of("a"), 4'000)->settle(4'000);
  EXPECT_EQ(caps.of("a")->left(), 1'000);
  EXPECT_FALSE(caps.begin_day(noon + 43'199));
  EXPECT_TRUE(caps.begin_day(noon + 43'200));
  EXPECT_EQ(caps.of("a")->left(), 5'000);
  EXPECT_FALSE(caps.begin_day(noon)) << "a clock set back";
  EXPECT_EQ(caps.snapshot().at(0).spent, 4'000) << "of the total";
}

TEST(BudgetCaps, SpendingOutlivesARestartAndWhatWasReservedIsSpent) {
  BudgetCaps before, after;
  before.configure(capped());
  before.begin_day(noon);
  Budget::reserve(before.of("nightly/1"), 500)->settle(300);
  const auto open = Budget::reserve(before.of("nightly/2"), 700);
  StateWriter writer({start, noon});
  before.fields(writer);
  const auto bytes = writer.take();
  StateReader reader(bytes, {start + 1h, noon + 60});
  after.fields(reader);
  after.configure(capped());
  after.begin_day(noon + 60);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(after.of("nightly/1")->left(), 1'000);
  EXPECT_EQ(after.of("other")->left(), 4'000);
}
}  // namespace
}  // namespace hivemind
