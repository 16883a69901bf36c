// What no provider, client or clock should do: the result is defined, and nothing stays reserved.
#include <gtest/gtest.h>

#include <limits>

#include "core/dialect.h"
#include "tests/core/fleet.h"

namespace hivemind {
namespace {

class Driver {
public:
  explicit Driver(SchedulerConfig config = {}) : scheduler(std::move(config)) { scheduler.add_run(run_spec(1), now); }

  // One exchange; nullopt when it did not go out within an hour.
  std::optional<Duration> exchange(std::span<const LimitReport> told, std::optional<Failure> failure = std::nullopt) {
    const auto id = scheduler.submit(1, profile("anthropic", 1, 10), now);
    const TimePoint asked = now;
    while (!dispatched(id)) {
      const auto wake = scheduler.wake_at();
      if (!wake || *wake > asked + 1h) return std::nullopt;
      now = *wake;
    }
    const Duration waited = now - asked;
    now += 50ms;
    scheduler.limits_seen(id, told, "", now);
    if (failure) {
      if (scheduler.failed(id, *failure, {}, now) == FailureVerdict::retry) scheduler.cancel(id, {}, now);
    } else {
      scheduler.finished(id, usage(1, 10), false, now);
    }
    return waited;
  }
  void expect_nothing_reserved() {
    const auto snapshot = scheduler.snapshot(now);
    EXPECT_TRUE(snapshot.queue.empty());
    for (const auto& pool : snapshot.pools) {
      EXPECT_EQ(pool.in_flight, 0);
      EXPECT_EQ(pool.waiting, 0u);
      for (const auto& limit : pool.limits) EXPECT_NEAR(limit.reserved, 0, 1e-6) << to_string(limit.dimension);
    }
    for (const auto& run : snapshot.runs) EXPECT_EQ(run.tokens_reserved, 0);
  }

  Scheduler scheduler;
  TimePoint now = start;

private:
  bool dispatched(RequestId id) {
    for (const auto& action : scheduler.act(now)) {
      if (const auto* sent = std::get_if<Dispatch>(&action); sent && sent->request == id) return true;
    }
    return false;
  }
};

LimitReport report(std::optional<std::int64_t> limit, std::optional<std::int64_t> remaining,
                   std::optional<Duration> reset = std::nullopt, Duration window = 60s) {
  LimitReport r;
  r.limit = limit;
  r.remaining = remaining;
  r.reset_after = reset;
  r.window = window;
  return r;
}

TEST(BadInput, NoReportHoldsAnybodyLongerThanItsWindow) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max(), least = std::numeric_limits<std::int64_t>::min();
  const struct {
    const char* name;
    LimitReport told;
  } cases[] = {
      {"limit 0", report(0, 0)},
      {"negative", report(-1, -1, Duration(-5s))},
      {"the least there is", report(least, least)},
      {"the most there is", report(most, most, Duration(365 * 24h))},
      {"none left until the year 3000", report(50, 0, Duration(365 * 24h))},
      {"none left of none", report(0, 0, Duration(1h))},
      {"remaining above limit", report(50, 5000)},
      {"full in an instant, yet none left", report(50, 0, Duration(1ns))},
      {"a window of no length", report(50, 0, Duration(1s), Duration{})},
      {"a window of negative length", report(50, 0, Duration(1s), Duration(-60s))},
      {"a window of a nanosecond", report(50, 0, Duration(1s), Duration(1ns))},
      {"a clock off by hours", report(50, 0, Duration(5h))},
      {"few, and none left", report(20, 0)},
  };
  for (const auto& c : cases) {
    for (const auto dimension : {Dimension::requests, Dimension::input_tokens, Dimension::tokens}) {
      SCOPED_TRACE(testing::Message() << c.name << ", " << to_string(dimension));
      Driver driver;
      auto told = c.told;
      told.dimension = dimension;
      for (int i = 0; i < 5; ++i) {
        const auto waited = driver.exchange(std::span(&told, 1));
        ASSERT_TRUE(waited || dimension != Dimension::requests);
        EXPECT_LE(waited.value_or(0s), 61s);
      }
      driver.expect_nothing_reserved();
    }
  }
}

TEST(BadInput, RemainingAboveTheLimitRaisesNothing) {
  Driver driver;
  const LimitReport told[] = {report(50, 5000)};
  driver.exchange(told);
  EXPECT_EQ(driver.scheduler.snapshot(driver.now).pools.at(0).limits.at(0).limit, 50);
}

TEST(BadInput, OfTwoFamiliesAtOnceTheTighterCounts) {
  const LimitReport loose = report(1000, 900), tight = report(50, 10);
  for (const bool first : {true, false}) {
    Driver driver;
    const LimitReport told[] = {first ? tight : loose, first ? loose : tight};
    driver.exchange(told);
    const auto snapshot = driver.scheduler.snapshot(driver.now);
    ASSERT_EQ(snapshot.pools.at(0).limits.size(), 1u);
    EXPECT_EQ(snapshot.pools[0].limits[0].limit, 50);
    EXPECT_LE(snapshot.pools[0].limits[0].available, 10.1);
  }
}

TEST(BadInput, HeadersThatAreNoNumbersAreNone) {
  const struct {
    const char* name;
    const char* limit;
    const char* remaining;
    const char* reset;
  } cases[] = {{"not a number", "NaN", "nan", "NaN"},
               {"infinite", "inf", "1e999", "inf"},
               {"negative", "-50", "-1", "-60s"},
               {"words", "many", "some", "soon"},
               {"empty", "", "", ""}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string text = std::string("HTTP/1.1 200 OK\r\nx-ratelimit-limit-requests: ") + c.limit +
                             "\r\nx-ratelimit-remaining-requests: " + c.remaining +
                             "\r\nx-ratelimit-reset-requests: " + c.reset + "\r\n\r\n";
    const auto head = parse_response_head(text, "POST");
    ASSERT_TRUE(head);
    EXPECT_TRUE(dialect_by_name("openai")->read_limits(*head).empty());
  }
}

TEST(BadInput, ARetryAtOnceIsNoRaceAgainstTheProvider) {
  for (const Duration named : {Duration(0s), Duration(-10s)}) {
    Driver driver;
    const auto id = driver.scheduler.submit(1, profile(), driver.now);
    int sent = 0;
    for (; driver.now < start + 10min; driver.now += 20ms) {
      for (const auto& action : driver.scheduler.act(driver.now)) {
        if (!std::get_if<Dispatch>(&action)) continue;
        ++sent;
        driver.scheduler.failed(id, {FailureClass::rate_limited, 429, named, ""}, {}, driver.now);
      }
    }
    EXPECT_LE(sent, 90) << "of thirty thousand chances";
    driver.scheduler.cancel(id, {}, driver.now);
    driver.expect_nothing_reserved();
  }
}

TEST(BadInput, AWaitUntilNextYearIsNotBelieved) {
  Driver driver;
  for (const auto failure_class : {FailureClass::rate_limited, FailureClass::long_window, FailureClass::ramp,
                                   FailureClass::overload, FailureClass::fault}) {
    SCOPED_TRACE(to_string(failure_class));
    ASSERT_TRUE(driver.exchange({}, Failure{failure_class, 429, Duration(365 * 24h), ""}));
    ASSERT_TRUE(driver.exchange({}));
    driver.expect_nothing_reserved();
  }
}

TEST(BadInput, AClockThatJumpsEndsWaitsAndFillsLimits) {
  SchedulerConfig config;
  config.seeds[""].requests_per_minute = 1;
  Driver driver(config);
  driver.exchange({});
  const auto late = driver.scheduler.submit(1, profile(), driver.now);
  EXPECT_TRUE(driver.scheduler.act(driver.now).empty());
  driver.now += 9h;
  const auto actions = driver.scheduler.act(driver.now);
  ASSERT_EQ(actions.size(), 1u);
  ASSERT_TRUE(std::get_if<Refuse>(&actions[0]));
  EXPECT_EQ(std::get<Refuse>(actions[0]).request, late);
  EXPECT_EQ(std::get<Refuse>(actions[0]).refusal.kind, RefusalKind::deadline);
  EXPECT_EQ(driver.exchange({}), std::optional(Duration{}));
  driver.expect_nothing_reserved();
}

TEST(BadInput, AClockThatGoesBackLosesNothingAndEndsWaits) {
  SchedulerConfig config;
  config.seeds[""].requests_per_minute = 4;
  Driver driver(config);
  auto& s = driver.scheduler;
  std::size_t sent = 0, refused = 0, submitted = 0;
  // Each asks before, and is answered after a jump.
  for (const Duration jump :
       {Duration(-2h), Duration(-50min), Duration(30s), Duration(-1s), Duration(5h), Duration(-3h)}) {
    for (int i = 0; i < 4; ++i, ++submitted) s.submit(1, profile(), driver.now);
    auto actions = s.act(driver.now);
    driver.now += jump;
    for (auto& more : s.act(driver.now)) actions.push_back(std::move(more));
    for (const auto& action : actions) {
      const auto* dispatch = std::get_if<Dispatch>(&action);
      dispatch ? ++sent : ++refused;
      if (dispatch) s.finished(dispatch->request, usage(100, 100), false, driver.now);
    }
  }
  for (int i = 0; i < 1000 && s.wake_at(); ++i) {
    driver.now = std::max(driver.now, *s.wake_at());
    for (const auto& action : s.act(driver.now)) {
      const auto* dispatch = std::get_if<Dispatch>(&action);
      dispatch ? ++sent : ++refused;
      if (dispatch) s.finished(dispatch->request, usage(100, 100), false, driver.now);
    }
  }
  EXPECT_EQ(sent + refused, submitted) << "every request ends";
  EXPECT_GT(sent, 0u);
  EXPECT_EQ(s.wake_at(), std::nullopt);
  EXPECT_TRUE(driver.exchange({})) << "the next one goes out";
  driver.expect_nothing_reserved();
}

TEST(BadInput, UsageThatNeverComesIsChargedAndSettled) {
  Driver driver;
  auto spec = run_spec(2);
  spec.token_budget = 10'000;
  driver.scheduler.add_run(spec, driver.now);
  const auto id = driver.scheduler.submit(2, profile("anthropic", 100, 1000), driver.now);
  driver.scheduler.act(driver.now);
  driver.scheduler.finished(id, Usage{}, false, driver.now);
  EXPECT_EQ(driver.scheduler.run_snapshot(2)->tokens_spent, 1200) << "its bound";
  driver.expect_nothing_reserved();
}

TEST(BadInput, UsageBeyondAllBoundsBreaksNothing) {
  constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max() / 8;
  for (const std::int64_t tokens : {huge, -huge, std::int64_t{-1}}) {
    Driver driver;
    auto spec = run_spec(2);
    spec.token_budget = 10'000;
    driver.scheduler.add_run(spec, driver.now);
    const LimitReport told[] = {report(50, 40)};
    const auto id = driver.scheduler.submit(2, profile("anthropic", 100, 1000), driver.now);
    driver.scheduler.act(driver.now);
    driver.scheduler.limits_seen(id, told, "", driver.now);
    driver.scheduler.finished(id, usage(tokens, tokens), false, driver.now);
    driver.expect_nothing_reserved();
    EXPECT_GE(driver.scheduler.run_snapshot(2)->tokens_spent, 0);
    EXPECT_TRUE(driver.exchange({})) << "the next one goes out";
  }
}

TEST(BadInput, CancellationAtAnyStepLeavesNothing) {
  for (int step = 0; step < 6; ++step) {
    SCOPED_TRACE(step);
    Driver driver;
    auto spec = run_spec(2);
    spec.token_budget = 10'000;
    driver.scheduler.add_run(spec, driver.now);
    auto& s = driver.scheduler;
    const auto id = s.submit(2, profile("anthropic", 100, 1000), driver.now);
    if (step >= 1) s.act(driver.now);
    const LimitReport told[] = {report(50, 40)};
    if (step >= 2) s.limits_seen(id, told, "org", driver.now);
    if (step == 3) s.first_content(id, driver.now);
    if (step >= 4) s.failed(id, {FailureClass::fault, 502, std::nullopt, ""}, {}, driver.now);
    if (step >= 5) s.act(driver.now + 1ms);
    s.cancel(id, {}, driver.now + 1ms);
    s.cancel(id, {}, driver.now + 1ms);  // twice
    s.finished(id, usage(1, 1), false, driver.now + 1ms);
    EXPECT_TRUE(s.act(driver.now + 1ms).empty());
    EXPECT_EQ(s.wake_at(), std::nullopt);
    driver.expect_nothing_reserved();
  }
}

TEST(BadInput, CancellationWhileItsBudgetHasNoRoomLeavesNothing) {
  SchedulerConfig config;
  config.admission = false;
  Driver driver(config);
  auto spec = run_spec(2);
  spec.token_budget = 2000;
  driver.scheduler.add_run(spec, driver.now);
  auto& s = driver.scheduler;
  const auto first = s.submit(2, profile("anthropic", 100, 1000), driver.now);
  const auto parked = s.submit(2, profile("anthropic", 100, 1000), driver.now);
  const auto next = s.submit(2, profile("anthropic", 100, 500), driver.now);
  ASSERT_EQ(s.act(driver.now).size(), 2u) << "the small one fits beside the first";
  s.cancel(parked, {}, driver.now);
  for (const auto id : {first, next}) s.finished(id, usage(100, 100), false, driver.now);
  EXPECT_TRUE(s.act(driver.now).empty());
  EXPECT_EQ(s.wake_at(), std::nullopt);
  EXPECT_EQ(s.run_snapshot(2)->waiting, 0u);
  driver.expect_nothing_reserved();
}

TEST(BadInput, AHundredThousandRequestsOfOneAgent) {
  SchedulerConfig config;
  config.max_queue = 60'000;
  config.admission = false;
  Driver driver(config);
  std::size_t refused = 0, sent = 0;
  std::vector<RequestId> ids;
  for (int i = 0; i < 100'000; ++i) ids.push_back(driver.scheduler.submit(1, profile(), driver.now));
  for (const auto& action : driver.scheduler.act(driver.now)) {
    if (const auto* refuse = std::get_if<Refuse>(&action)) {
      ++refused;
      EXPECT_EQ(refuse->refusal.kind, RefusalKind::queue_full);
    } else {
      ++sent;
    }
  }
  EXPECT_EQ(refused, 40'000u);
  EXPECT_EQ(sent, 60'000u);
  for (const auto id : ids) driver.scheduler.finished(id, usage(10, 10), false, driver.now);
  driver.expect_nothing_reserved();
  EXPECT_EQ(driver.scheduler.wake_at(), std::nullopt);
}
}  // namespace
}  // namespace hivemind
