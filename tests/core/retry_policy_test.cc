#include "core/retry_policy.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {

const TimePoint t0{std::chrono::hours(1)};

struct RetryPolicyTest : testing::Test {
  SchedulerConfig config;
  Jitter jitter{1};
  RetryBudget budget{config, t0};
  RetryState state{.failures = 1, .unnamed_limits = 0, .deadline = t0 + 10min};
  RetryDecision after(FailureClass c, std::optional<Duration> retry_after = std::nullopt) {
    return decide(config, {c, 0, retry_after, ""}, state, budget, jitter, t0);
  }
};

TEST_F(RetryPolicyTest, FollowsTheDecisionTable) {
  const struct {
    FailureClass failure;
    std::optional<Duration> retry_after;
    bool retry;
  } cases[] = {
      {FailureClass::rate_limited, 30s, true},          {FailureClass::rate_limited, std::nullopt, true},
      {FailureClass::rate_limited, 11min, false},       {FailureClass::ramp, std::nullopt, true},
      {FailureClass::long_window, 5min, true},          {FailureClass::long_window, 5h, false},
      {FailureClass::long_window, std::nullopt, false}, {FailureClass::permanent_quota, 1s, false},
      {FailureClass::overload, std::nullopt, true},     {FailureClass::fault, std::nullopt, true},
      {FailureClass::retryable, std::nullopt, true},    {FailureClass::client_error, 1s, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(to_string(c.failure));
    EXPECT_EQ(after(c.failure, c.retry_after).retry, c.retry);
  }
}

TEST_F(RetryPolicyTest, ANamedDelayIsKeptExactly) {
  EXPECT_EQ(after(FailureClass::rate_limited, 17s).not_before, t0 + 17s);
  EXPECT_GE(after(FailureClass::overload, 17s).not_before, t0 + 17s);
}

TEST_F(RetryPolicyTest, BacksOffWithFullJitter) {
  state.failures = 4;
  double least = 1e9, most = 0;
  for (int i = 0; i < 500; ++i) {
    RetryBudget fresh(config, t0);
    const auto wait = in_seconds(
        decide(config, {FailureClass::fault, 0, std::nullopt, ""}, state, fresh, jitter, t0).not_before - t0);
    least = std::min(least, wait);
    most = std::max(most, wait);
  }
  EXPECT_LT(least, 0.5);
  EXPECT_GT(most, 7);
  EXPECT_LE(most, 8);
}

TEST_F(RetryPolicyTest, NearItsDeadlineItTriesAgainSooner) {
  state.failures = 6;
  state.deadline = t0 + 20s;
  for (int i = 0; i < 100; ++i) {
    RetryBudget fresh(config, t0);
    EXPECT_LE(decide(config, {FailureClass::fault, 0, std::nullopt, ""}, state, fresh, jitter, t0).not_before, t0 + 5s);
  }
}

TEST_F(RetryPolicyTest, GivesUpAfterTheAttempts) {
  state.failures = config.max_attempts - 1;
  EXPECT_TRUE(after(FailureClass::fault).retry);
  state.failures = config.max_attempts;
  EXPECT_FALSE(after(FailureClass::fault).retry);
  EXPECT_TRUE(after(FailureClass::rate_limited, 1s).retry) << "waiting for a limit is no failure";
}

TEST_F(RetryPolicyTest, SwitchedOffNothingIsRetried) {
  config.retry = false;
  EXPECT_FALSE(after(FailureClass::fault).retry);
  EXPECT_FALSE(after(FailureClass::rate_limited, 1s).retry);
}

TEST_F(RetryPolicyTest, AnExhaustedBudgetMeansALongerWaitNotAFailure) {
  for (int i = 0; i < config.retry_floor; ++i) EXPECT_EQ(budget.take(config, t0), Duration{});
  const auto first = budget.take(config, t0), second = budget.take(config, t0);
  EXPECT_EQ(first, 6s) << "ten a minute";
  EXPECT_EQ(second, 12s);
  EXPECT_TRUE(after(FailureClass::fault).retry);
}

TEST_F(RetryPolicyTest, RequestsEarnRetries) {
  for (int i = 0; i < config.retry_floor; ++i) budget.take(config, t0);
  for (int i = 0; i < 5; ++i) budget.request_sent(config, t0);
  EXPECT_EQ(budget.take(config, t0), Duration{});
  EXPECT_GT(budget.take(config, t0), Duration{});
}
}  // namespace
}  // namespace hivemind
