// Every primitive can be switched off, and each switch changes the outcome.
#include <gtest/gtest.h>

#include <deque>

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

TEST(SchedulerSwitches, Calibration) {
  // This client's bytes are four times as many tokens as they look like: the token limit is met, or it is not.
  const auto sent_at_once = [](bool calibration) {
    SchedulerConfig config;
    config.calibration = calibration;
    config.admission = false;
    config.seeds[""].tokens_per_minute = 100'000;
    Scheduler scheduler(config);
    TimePoint now = start;
    for (int i = 0; i < 10; ++i, now += 1min) {
      const auto id = scheduler.submit(1, profile("xai", 1000, 100), now);
      scheduler.act(now);
      scheduler.finished(id, usage(4000, 100), false, now);
    }
    for (int i = 0; i < 200; ++i) scheduler.submit(1, profile("xai", 1000, 100), now);
    return scheduler.act(now).size();
  };
  EXPECT_LE(sent_at_once(true), 24u);
  EXPECT_GT(sent_at_once(false), 60u);
}

TEST(SchedulerSwitches, ReservationQuantile) {
  const auto reserved = [](double quantile) {
    SchedulerConfig config;
    config.reservation_quantile = quantile;
    config.seeds[""].output_tokens_per_minute = 100'000;
    Scheduler scheduler(config);
    TimePoint now = start;
    for (int i = 1; i <= 20; ++i, now += 1min) {
      const auto id = scheduler.submit(1, profile("anthropic", 10, 4000), now);
      scheduler.act(now);
      scheduler.finished(id, usage(10, 100 * i), false, now);
    }
    scheduler.submit(1, profile("anthropic", 10, 4000), now);
    scheduler.act(now);
    return scheduler.snapshot(now).pools.at(0).limits.at(0).reserved;
  };
  EXPECT_DOUBLE_EQ(reserved(0.5), 1000);
  EXPECT_DOUBLE_EQ(reserved(0.9), 1800);
}
// A provider that lets traffic grow by half in 15 minutes: 100,000 tokens a minute at first.
TEST(SchedulerSwitches, Acceleration) {
  const auto rejected = [](bool acceleration) {
    SchedulerConfig config;
    config.acceleration = acceleration;
    config.acceleration_floor = 100'000;
    Scheduler scheduler(config);
    scheduler.add_run(run_spec(1), start);
    for (int i = 0; i < 200; ++i) scheduler.submit(1, profile("openai", 2000, 1000), start);
    int refused = 0;
    std::deque<std::pair<TimePoint, double>> minute;
    for (TimePoint now = start; now < start + 5min; now += 500ms) {
      while (!minute.empty() && minute.front().first + 60s <= now) minute.pop_front();
      for (const auto& action : scheduler.act(now)) {
        const auto id = std::get<Dispatch>(action).request;
        double sent = 3000;
        for (const auto& [at, tokens] : minute) sent += tokens;
        if (sent > 100'000) {
          ++refused;
          scheduler.failed(id, {FailureClass::ramp, 429, std::nullopt, ""}, {}, now);
        } else {
          minute.emplace_back(now, 3000);
          scheduler.first_content(id, now);
          scheduler.finished(id, usage(2000, 100), false, now);
        }
      }
    }
    return refused;
  };
  EXPECT_EQ(rejected(true), 0);
  EXPECT_GT(rejected(false), 5);
}
}  // namespace
}  // namespace hivemind
