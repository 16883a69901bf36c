// Who goes out, and what never can.
#include <gtest/gtest.h>

#include "core/dialect.h"
#include "tests/core/scheduler_fixture.h"

namespace hivemind {
namespace {

using std::chrono::seconds;

using SchedulerAct = SchedulerTest;

TEST_F(SchedulerAct, ABurstWaitsForWhatTheFirstAnswerTells) {
  auto scheduler = make();
  std::vector<RequestId> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(scheduler.submit(1, profile(), now));
  EXPECT_EQ(act(scheduler, now).sent.size(), 1u);
  const LimitReport told[] = {requests_left(50, 2)};
  scheduler.limits_seen(ids[0], told, "", now);
  scheduler.finished(ids[0], usage(100, 100), false, now);
  EXPECT_EQ(act(scheduler, now).sent.size(), 1u);
  scheduler.finished(ids[1], usage(100, 100), false, now);
  EXPECT_TRUE(act(scheduler, now).sent.empty());
  EXPECT_EQ(scheduler.wake_at(), now + 150ms) << "a limit just heard of is not used up in one burst";
  EXPECT_EQ(act(scheduler, now + 150ms).sent.size(), 1u);
  scheduler.finished(ids[2], usage(100, 100), false, now + 150ms);
  EXPECT_TRUE(act(scheduler, now + 300ms).sent.empty()) << "two were left";
  EXPECT_EQ(scheduler.wake_at(), now + 1200ms);
  EXPECT_EQ(act(scheduler, now + 1200ms).sent.size(), 1u);
}

TEST_F(SchedulerAct, ABlockedPoolDoesNotBlockOthers) {
  auto scheduler = make();
  const auto held = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.failed(held, failure(FailureClass::rate_limited, 429, 30s), {}, now);
  auto other = profile();
  other.model_class = "another";
  const auto free = scheduler.submit(1, other, now);
  EXPECT_EQ(act(scheduler, now).sent, std::vector<RequestId>{free});
}

TEST_F(SchedulerAct, ABigRequestIsNotStarvedBySmallOnes) {
  config.seeds[""].input_tokens_per_minute = 6000;
  auto scheduler = make();
  warm_up(scheduler);
  const auto big = scheduler.submit(1, profile("anthropic", 6000), now);
  std::vector<RequestId> later;
  bool served = false;
  for (int second = 0; second < 60 && !served; ++second) {
    scheduler.submit(1, profile("anthropic", 100), now + seconds(second));
    for (const auto id : act(scheduler, now + seconds(second)).sent) {
      served = served || id == big;
      scheduler.finished(id, usage(100, 1), false, now + seconds(second));
    }
  }
  EXPECT_TRUE(served);
}

TEST_F(SchedulerAct, PrioritiesGoFirst) {
  config.seeds[""].requests_per_minute = 60;
  auto scheduler = make();
  scheduler.add_run(run_spec(2, Priority::low), now);
  scheduler.add_run(run_spec(3, Priority::critical), now);
  warm_up(scheduler);
  const auto last = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  const LimitReport told[] = {requests_left(60, 0)};
  scheduler.limits_seen(last, told, "", now);
  scheduler.finished(last, usage(1, 1), false, now);
  const auto low = scheduler.submit(2, profile(), now), normal = scheduler.submit(1, profile(), now),
             critical = scheduler.submit(3, profile(), now);
  std::vector<RequestId> order;
  for (int i = 0; i < 600 && order.size() < 3; ++i) {
    now += 100ms;
    for (const auto id : act(scheduler, now).sent) {
      order.push_back(id);
      scheduler.finished(id, usage(1, 1), false, now);
    }
  }
  EXPECT_EQ(order, (std::vector<RequestId>{critical, normal, low}));
}

TEST_F(SchedulerAct, ARequestLargerThanAWholeLimitIsRefusedAtOnce) {
  auto scheduler = make();
  const auto known = scheduler.submit(1, profile("openai", 100, 100), now);
  act(scheduler, now);
  LimitReport told;
  told.dimension = Dimension::tokens;
  told.limit = told.remaining = 5000;
  scheduler.limits_seen(known, std::span(&told, 1), "", now);
  const auto id = scheduler.submit(1, profile("openai", 100, 6000), now);
  const auto fits = scheduler.submit(1, profile("openai", 100, 4000), now);
  const auto acted = act(scheduler, now + 1s);
  ASSERT_EQ(acted.refused.size(), 1u);
  EXPECT_EQ(acted.refused[0].request, id);
  const auto& refusal = acted.refused[0].refusal;
  EXPECT_EQ(refusal.kind, RefusalKind::too_large);
  EXPECT_FALSE(refusal.should_retry);
  for (const char* word : {"HiveMind", "6050 tokens", "5000 per minute", "max_tokens"})
    EXPECT_NE(refusal.message.find(word), std::string::npos) << refusal.message;
  EXPECT_TRUE(dialect_by_name("anthropic")->refusal(refusal).starts_with("HTTP/1.1 413 "));
  scheduler.finished(known, usage(100, 10), false, now + 1s);
  scheduler.cancel(fits, {}, now + 1s);
}

// A cache may make it small enough, so it is tried.
TEST_F(SchedulerAct, ARequestThatSeemsLargerThanALimitIsTriedTwice) {
  auto scheduler = make();
  LimitReport told;
  told.dimension = Dimension::input_tokens;
  told.limit = told.remaining = 5000;
  const auto id = scheduler.submit(1, profile("anthropic", 9000, 100), now);
  int sent = 0;
  std::vector<Refuse> refused;
  for (int i = 0; i < 20 && refused.empty(); ++i) {
    const auto acted = act(scheduler, now);
    refused = acted.refused;
    if (acted.sent.empty()) {
      now = scheduler.wake_at().value_or(now);
    } else {
      ++sent;
      scheduler.limits_seen(id, std::span(&told, 1), "", now);
      EXPECT_EQ(scheduler.failed(id, failure(FailureClass::rate_limited, 429, 10s), {}, now), FailureVerdict::retry);
    }
  }
  EXPECT_EQ(sent, 2);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].refusal.kind, RefusalKind::too_large);
}

// After a pause nobody knows whether the provider still bears what it bore: two go first, and each head lets one more.
TEST_F(SchedulerAct, RampsUpAgainAfterIdle) {
  std::size_t at_once[2];
  for (const bool idle : {false, true}) {
    auto scheduler = make();
    warm_up(scheduler);
    if (idle) now += 10min;
    std::vector<RequestId> sent;
    for (int i = 0; i < 8; ++i) scheduler.submit(1, profile(), now);
    const auto act_now = [&] {
      const auto acted = act(scheduler, now).sent;
      sent.insert(sent.end(), acted.begin(), acted.end());
    };
    // A limit that has proven nothing yet spaces its requests a little: that is not the ramp.
    const auto act_for = [&](Duration time) {
      for (const TimePoint end = now + time; now < end; now += 10ms) act_now();
    };
    act_for(1s);
    at_once[idle] = sent.size();
    if (!idle) continue;
    EXPECT_EQ(sent.size(), 2u);
    scheduler.limits_seen(sent[0], {}, "", now);
    scheduler.limits_seen(sent[1], {}, "", now);
    act_for(200ms);
    EXPECT_GE(sent.size(), 4u) << "two heads";
    for (std::size_t i = 0; i < sent.size(); ++i) {
      scheduler.finished(sent[i], usage(1, 1), false, now);
      act_for(100ms);
    }
    EXPECT_EQ(sent.size(), 8u);
  }
  EXPECT_GT(at_once[false], 2 * at_once[true]) << "in the midst of traffic";
}
}  // namespace
}  // namespace hivemind
