// Budgets, alone and under load: sixteen agents at once, nested four deep, with usage that nobody can tell beforehand.
#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <random>

#include "tests/core/scheduler_fixture.h"

namespace hivemind {
namespace {

struct Outcome {
  std::int64_t spent = 0, reserved = 0;  // sums over all requests
  int refused = 0, served = 0;
};

// Each request is some 1,150 estimated tokens in 4,000 bytes, of which the provider counts 0.85 to 1.15 times as many,
// and 300 to 900 tokens of the 1,000 it may answer.
class FanOut {
public:
  FanOut(SchedulerConfig config, std::uint64_t seed) : random_(seed), scheduler_(std::move(config)) {}
  Scheduler& scheduler() { return scheduler_; }

  Outcome run(const std::vector<RunId>& runs, int requests) {
    Outcome outcome;
    std::deque<RequestId> running;
    int submitted = 0, open = 0;
    while (true) {
      for (; open < 16 && submitted < requests; ++open, ++submitted) submit(runs[random_() % runs.size()]);
      const auto before = reserved();
      for (const auto& action : scheduler_.act(now_)) {
        if (const auto* sent = std::get_if<Dispatch>(&action)) {
          running.push_back(sent->request);
        } else {
          EXPECT_EQ(std::get<Refuse>(action).refusal.kind, RefusalKind::budget);
          ++outcome.refused;
          --open;
        }
      }
      outcome.reserved += reserved() - before;
      if (running.empty() && submitted == requests) break;
      if (running.empty()) {
        if (open == 0) continue;
        now_ = scheduler_.wake_at().value_or(now_ + 1s);
        continue;
      }
      now_ += 50ms;
      std::swap(running[random_() % running.size()], running.front());
      outcome.spent += finish(running.front());
      running.pop_front();
      ++outcome.served;
      --open;
    }
    return outcome;
  }

private:
  void submit(RunId run) {
    auto asked = profile("anthropic", 1150, 1000);
    asked.input_bound = 8000;
    asked.client = "claude-cli/2.1";
    scheduler_.submit(run, asked, now_);
  }
  std::int64_t finish(RequestId id) {
    std::uniform_real_distribution<double> ratio(0.85, 1.15), output(300, 900);
    const auto used =
        usage(static_cast<std::int64_t>(1150 * ratio(random_)), static_cast<std::int64_t>(output(random_)));
    scheduler_.first_content(id, now_);
    scheduler_.finished(id, used, false, now_);
    return used.total();
  }
  std::int64_t reserved() {
    const auto budgets = scheduler_.snapshot(now_).budgets;
    return budgets.empty() ? 0 : budgets[0].reserved;
  }

  std::mt19937_64 random_;
  TimePoint now_ = start;
  Scheduler scheduler_;
};

TEST(SchedulerBudget, NoNestedCapIsEverOvershot) {
  int overshoots = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SchedulerConfig config;
    config.total_budget = 400'000;
    config.day_budget = 300'000;
    config.group_budgets["nightly"] = 200'000;
    FanOut world(config, seed);
    auto parent = run_spec(1), child = run_spec(2), other = run_spec(3);
    parent.name = "nightly/1";
    parent.token_budget = 150'000;
    child.parent = 1;
    child.token_budget = 40'000;
    world.scheduler().add_run(parent, start);
    world.scheduler().add_run(child, start);
    world.scheduler().add_run(other, start);
    const auto outcome = world.run({1, 2, 3}, 600);
    EXPECT_GT(outcome.refused, 0);
    for (const auto& budget : world.scheduler().snapshot(start + 1h).budgets) {
      overshoots += budget.spent > budget.limit;
      EXPECT_EQ(budget.reserved, 0) << budget.name;
    }
    const auto spent = [&](RunId id) { return world.scheduler().run_snapshot(id)->tokens_spent; };
    overshoots += spent(1) + spent(2) > 150'000;
    overshoots += spent(2) > 40'000;
    EXPECT_GT(spent(2), 35'000) << "nobody is refused while it fits";
    EXPECT_GT(spent(1) + spent(2) + spent(3), 290'000) << "the day's, to the last request";
  }
  EXPECT_EQ(overshoots, 0);
}

TEST(SchedulerBudget, NobodyIsRefusedWhileTrueUsageFits) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SchedulerConfig config;
    config.day_budget = 200 * 2300;  // what two hundred requests use at the most, not what they may
    FanOut world(config, seed);
    world.scheduler().add_run(run_spec(1), start);
    EXPECT_EQ(world.run({1}, 200).refused, 0);
  }
}

TEST(SchedulerBudget, ReservesAtMostTwoAndAHalfTimesWhatIsUsed) {
  const auto ratio = [](bool calibration) {
    SchedulerConfig config;
    config.calibration = calibration;
    config.total_budget = 100'000'000;
    FanOut world(config, 1);
    world.scheduler().add_run(run_spec(1), start);
    const auto outcome = world.run({1}, 400);
    return static_cast<double>(outcome.reserved) / static_cast<double>(outcome.spent);
  };
  std::printf("over-reservation %.2f, from bytes alone %.2f\n", ratio(true), ratio(false));
  EXPECT_LE(ratio(true), 2.5);
  EXPECT_GT(ratio(false), 4) << "what calibration is for";
}

using SchedulerBudgets = SchedulerTest;

TEST_F(SchedulerBudgets, BudgetRefusesWhatCanNeverFit) {
  Scheduler scheduler(config);
  auto spec = run_spec(1);
  spec.token_budget = 1000;
  scheduler.add_run(spec, now);
  const auto id = scheduler.submit(1, profile("anthropic", 100, 1000), now);
  const auto acted = act(scheduler, now);
  ASSERT_EQ(acted.refused.size(), 1u);
  EXPECT_EQ(acted.refused[0].request, id);
  const auto& refusal = acted.refused[0].refusal;
  EXPECT_EQ(refusal.kind, RefusalKind::budget);
  EXPECT_FALSE(refusal.should_retry);
  for (const char* word : {"HiveMind", "run1", "budget", "1000"})
    EXPECT_NE(refusal.message.find(word), std::string::npos);
}

TEST_F(SchedulerBudgets, BudgetWaitsForARefundBeforeItRefuses) {
  Scheduler scheduler(config);
  auto spec = run_spec(1);
  spec.token_budget = 2000;
  scheduler.add_run(spec, now);
  const auto first = scheduler.submit(1, profile("anthropic", 100, 1000), now);
  const auto second = scheduler.submit(1, profile("anthropic", 100, 1000), now);
  EXPECT_EQ(act(scheduler, now).sent, std::vector<RequestId>{first});
  EXPECT_NE(reason_of(scheduler, second, now).find("token budget"), std::string::npos);
  scheduler.finished(first, usage(100, 50), false, now + 1s);
  EXPECT_EQ(act(scheduler, now + 1s).sent, std::vector<RequestId>{second});
}

TEST_F(SchedulerBudgets, BudgetOfSixteenAtOnceIsNeverOvershot) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    config.seed = seed;
    config.admission = false;
    Scheduler scheduler(config);
    auto spec = run_spec(1);
    spec.token_budget = 5000;
    scheduler.add_run(spec, now);
    for (int i = 0; i < 16; ++i) scheduler.submit(1, profile("anthropic", 100, 1000), now);
    int refused = 0, sent = 0;
    std::vector<RequestId> open;
    do {
      auto acted = act(scheduler, now);
      refused += static_cast<int>(acted.refused.size());
      sent += static_cast<int>(acted.sent.size());
      open.insert(open.end(), acted.sent.begin(), acted.sent.end());
      ASSERT_LE(open.size() * 1200, 5000u - static_cast<std::size_t>(scheduler.run_snapshot(1)->tokens_spent));
      if (open.empty()) break;
      const auto id = open[seed % open.size()];
      std::erase(open, id);
      scheduler.finished(id, seed % 2 ? usage(200, 1000) : Usage{}, false, now);
    } while (true);
    EXPECT_EQ(sent + refused, 16);
    EXPECT_LE(scheduler.run_snapshot(1)->tokens_spent, 5000);
    EXPECT_GE(scheduler.run_snapshot(1)->tokens_spent, 3800);
  }
}

TEST_F(SchedulerBudgets, BudgetForgetsNothingThatRan) {
  Scheduler scheduler(config);
  auto spec = run_spec(1);
  spec.token_budget = 100'000;
  scheduler.add_run(spec, now);
  const auto spent = [&] { return scheduler.run_snapshot(1)->tokens_spent; };
  const auto rejected = scheduler.submit(1, profile("anthropic", 100, 1000), now);
  act(scheduler, now);
  scheduler.failed(rejected, failure(FailureClass::client_error, 400), {}, now);
  EXPECT_EQ(spent(), 0) << "never ran";
  const auto gone = scheduler.submit(1, profile("anthropic", 100, 1000), now);
  act(scheduler, now);
  scheduler.cancel(gone, {}, now);
  EXPECT_EQ(spent(), 1200) << "ran, and nobody knows how far";
  const auto known = scheduler.submit(1, profile("anthropic", 100, 1000), now);
  act(scheduler, now);
  scheduler.cancel(known, usage(100, 7), now);
  EXPECT_EQ(spent(), 1307);
  const auto in_band = scheduler.submit(1, profile("anthropic", 100, 1000), now);
  act(scheduler, now);
  scheduler.failed(in_band, failure(FailureClass::overload, 200), {}, now);
  EXPECT_EQ(spent(), 2507) << "an error inside a 200 came after it ran";
}

TEST_F(SchedulerBudgets, AChildsBudgetIsItsParents) {
  Scheduler scheduler(config);
  auto parent = run_spec(1);
  parent.token_budget = 3000;
  scheduler.add_run(parent, now);
  auto child = run_spec(2);
  child.parent = 1;
  scheduler.add_run(child, now);  // without one of its own: shares
  auto carved = run_spec(3);
  carved.parent = 1;
  carved.token_budget = 1500;
  scheduler.add_run(carved, now);
  const auto first = scheduler.submit(2, profile("anthropic", 100, 1000), now);
  EXPECT_EQ(act(scheduler, now).sent, std::vector<RequestId>{first});
  scheduler.finished(first, usage(200, 1000), false, now);
  scheduler.submit(1, profile("anthropic", 100, 1000), now);
  EXPECT_EQ(act(scheduler, now).refused.size(), 1u) << "300 left beside the carved 1500";
  scheduler.remove_run(3, now);
  const auto second = scheduler.submit(1, profile("anthropic", 100, 1000), now);
  EXPECT_EQ(act(scheduler, now).sent, std::vector<RequestId>{second});
}
}  // namespace
}  // namespace hivemind
