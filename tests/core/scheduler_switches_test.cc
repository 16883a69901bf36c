// Every primitive can be switched off, and each switch changes the outcome.
#include <gtest/gtest.h>

#include "tests/core/fleet.h"

namespace hivemind {
namespace {

FleetResult fleet(SchedulerConfig config, ProviderRules rules, int agents, int turns, std::uint64_t seed = 1) {
  config.seed = seed;
  Fleet world(config, rules, seed);
  for (int i = 0; i < agents; ++i) world.add({.turns = turns});
  return world.run();
}
ProviderRules window(double requests) {
  ProviderRules rules;
  rules.kind = ProviderRules::Kind::window;
  rules.requests = requests;
  return rules;
}

TEST(SchedulerSwitches, Admission) {
  ProviderRules rules;
  rules.concurrency = 5;
  SchedulerConfig on, off;
  off.admission = false;
  EXPECT_LE(fleet(on, rules, 30, 4).peak, 5);
  EXPECT_LT(fleet(on, rules, 30, 4).overloads, fleet(off, rules, 30, 4).overloads / 3);
}

TEST(SchedulerSwitches, RateLimits) {
  SchedulerConfig on, off;
  off.rate_limits = false;
  EXPECT_LE(fleet(on, window(50), 20, 8).rejected, 1);
  EXPECT_GT(fleet(off, window(50), 20, 8).rejected, 10);
}

TEST(SchedulerSwitches, Retry) {
  ProviderRules rules = window(60);
  rules.fault = 0.13;
  SchedulerConfig on, off;
  off.retry = false;
  EXPECT_EQ(fleet(on, rules, 11, 8).dead, 0);
  EXPECT_GE(fleet(off, rules, 11, 8).dead, 4);
}

TEST(SchedulerSwitches, Breakers) {
  const auto attempts = [](bool breakers) {
    SchedulerConfig config;
    config.breakers = breakers;
    Scheduler scheduler(config);
    scheduler.add_run(run_spec(1), start);
    for (int i = 0; i < 20; ++i) scheduler.submit(1, profile(), start);
    int sent = 0;
    for (TimePoint now = start; now < start + 60s; now += 100ms) {
      for (const auto& action : scheduler.act(now)) {
        if (!std::get_if<Dispatch>(&action)) continue;
        ++sent;
        scheduler.failed(std::get<Dispatch>(action).request, {FailureClass::fault, 502, std::nullopt, ""}, {}, now);
      }
    }
    return sent;
  };
  EXPECT_LT(attempts(true) * 2, attempts(false));
}

TEST(SchedulerSwitches, Budgets) {
  const auto refused = [](bool budgets) {
    SchedulerConfig config;
    config.budgets = budgets;
    Scheduler scheduler(config);
    auto spec = run_spec(1);
    spec.token_budget = 10;
    scheduler.add_run(spec, start);
    scheduler.submit(1, profile(), start);
    const auto actions = scheduler.act(start);
    return std::get_if<Refuse>(&actions.at(0)) != nullptr;
  };
  EXPECT_TRUE(refused(true));
  EXPECT_FALSE(refused(false));
}

TEST(SchedulerSwitches, FairOrder) {
  // One run asks for 40 at once, nine others for one each a moment later.
  const auto last_of_the_small = [](bool fair) {
    SchedulerConfig config;
    config.fair_order = fair;
    Fleet world(config, window(20));
    const auto big = world.add({.turns = 1, .at_once = 40});
    for (int i = 0; i < 9; ++i) world.add({.turns = 1, .begin = 100ms});
    const auto result = world.run();
    EXPECT_EQ(result.dead, 0);
    Duration last{};
    for (const auto& [when, run] : result.order) {
      if (run != big) last = when - start;
    }
    return last;
  };
  EXPECT_LT(last_of_the_small(true), 61s);
  EXPECT_GT(last_of_the_small(false), 110s);
}
}  // namespace
}  // namespace hivemind
