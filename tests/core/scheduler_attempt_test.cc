// What follows an attempt that failed.
#include <gtest/gtest.h>

#include "tests/core/scheduler_fixture.h"

namespace hivemind {
namespace {

using SchedulerAttempt = SchedulerTest;

TEST_F(SchedulerAttempt, ARateLimitHoldsThePoolAndKeepsThePlaceInLine) {
  auto scheduler = make();
  warm_up(scheduler);
  const auto first = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  const auto second = scheduler.submit(1, profile(), now);
  const auto verdict = scheduler.failed(first, failure(FailureClass::rate_limited, 429, 20s), {}, now);
  EXPECT_EQ(verdict, FailureVerdict::retry);
  EXPECT_TRUE(act(scheduler, now).sent.empty());
  EXPECT_GE(scheduler.wake_at(), now + 20s);
  EXPECT_LE(scheduler.wake_at(), now + 22s);
  EXPECT_NE(reason_of(scheduler, first, now).find("rate limited"), std::string::npos);
  now = *scheduler.wake_at();
  const auto acted = act(scheduler, now);
  ASSERT_FALSE(acted.sent.empty());
  EXPECT_EQ(acted.sent[0], first);
  EXPECT_NE(acted.sent[0], second);
}

TEST_F(SchedulerAttempt, ABackingOffRequestHoldsNoSlot) {
  auto scheduler = make();
  warm_up(scheduler);
  const auto failing = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  EXPECT_EQ(scheduler.failed(failing, failure(FailureClass::fault, 502), {}, now), FailureVerdict::retry);
  EXPECT_EQ(scheduler.snapshot(now).pools[0].in_flight, 0);
  EXPECT_NE(reason_of(scheduler, failing, now).find("backing off after 502"), std::string::npos);
  const auto other = scheduler.submit(1, profile(), now);
  EXPECT_EQ(act(scheduler, now + 10ms).sent, std::vector<RequestId>{other});
  EXPECT_LE(scheduler.wake_at(), now + 1s);
  EXPECT_EQ(act(scheduler, *scheduler.wake_at()).sent, std::vector<RequestId>{failing});
}

TEST_F(SchedulerAttempt, ClientErrorsAndQuotaPassOn) {
  auto scheduler = make();
  for (const auto c : {FailureClass::client_error, FailureClass::permanent_quota}) {
    const auto id = scheduler.submit(1, profile(), now);
    act(scheduler, now);
    EXPECT_EQ(scheduler.failed(id, failure(c, 400), {}, now), FailureVerdict::pass_on);
  }
  EXPECT_EQ(scheduler.run_snapshot(1)->errors, 2u);
  EXPECT_EQ(scheduler.snapshot(now).pools[0].breaker, "quota exhausted");
}

TEST_F(SchedulerAttempt, ADelayBeyondTheDeadlinePassesOnAtOnce) {
  auto scheduler = make();
  auto asked = profile();
  asked.client_timeout = 100s;
  const auto id = scheduler.submit(1, asked, now);
  act(scheduler, now);
  EXPECT_EQ(scheduler.failed(id, failure(FailureClass::rate_limited, 429, 96s), {}, now), FailureVerdict::pass_on);
}

TEST_F(SchedulerAttempt, ALimitFurtherAwayThanAnybodyWaitsIsPassedOn) {
  auto scheduler = make();
  warm_up(scheduler);
  const auto first = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  EXPECT_EQ(scheduler.failed(first, failure(FailureClass::long_window, 429, 14h), {}, now), FailureVerdict::pass_on);
  now += 10ms;
  scheduler.submit(1, profile(), now);
  const auto refused = act(scheduler, now).refused;
  ASSERT_EQ(refused.size(), 1u) << "at once: it cannot wait so long";
  EXPECT_EQ(refused[0].refusal.kind, RefusalKind::window);
}

TEST_F(SchedulerAttempt, BreakerHoldsTheQueueAndSendsOneProbe) {
  auto scheduler = make();
  warm_up(scheduler);
  for (int i = 0; i < 5; ++i) {
    now += 10ms;
    const auto id = scheduler.submit(1, profile(), now);
    act(scheduler, now);
    scheduler.failed(id, failure(FailureClass::overload, 529), {}, now);
    scheduler.cancel(id, {}, now);
  }
  const auto first = scheduler.submit(1, profile(), now), second = scheduler.submit(1, profile(), now);
  EXPECT_TRUE(scheduler.act(now).empty());
  EXPECT_EQ(scheduler.snapshot(now).pools[0].breaker, "open (overload)");
  EXPECT_NE(reason_of(scheduler, first, now).find("breaker open (overload), probe in 5.0 s"), std::string::npos);
  EXPECT_EQ(scheduler.wake_at(), now + 5s);
  EXPECT_EQ(act(scheduler, now + 5s).sent, std::vector<RequestId>{first});
  scheduler.first_content(first, now + 6s);
  scheduler.finished(first, usage(1, 1), false, now + 6s);
  EXPECT_EQ(act(scheduler, now + 6s).sent, std::vector<RequestId>{second});
}

TEST_F(SchedulerAttempt, ABadRequestDoesNotKeepTheBreakerOpenForAll) {
  config.max_attempts = 1000;
  config.breaker_open = 60s;  // longer than any backoff: both wait for the probe
  auto scheduler = make();
  warm_up(scheduler);
  const auto bad = scheduler.submit(1, profile(), now);
  const auto good = scheduler.submit(1, profile(), now + 1ms);
  RequestId last = 0;
  bool good_served = false;
  for (TimePoint at = now; at < now + 10min && !good_served; at += 100ms) {
    for (const auto id : act(scheduler, at).sent) {
      last = id;
      if (id == bad) scheduler.failed(id, failure(FailureClass::fault, 500), {}, at);
      // The other one fails as long as the breaker is closed, so that it opens with both waiting.
      else if (scheduler.snapshot(at).pools[0].breaker == "closed")
        scheduler.failed(id, failure(FailureClass::fault, 500), {}, at);
      else
        good_served = true;
    }
  }
  EXPECT_TRUE(good_served);
  EXPECT_EQ(last, good);
}
}  // namespace
}  // namespace hivemind
