#include "core/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/dialect.h"
#include "tests/core/fleet.h"

namespace hivemind {
namespace {

using std::chrono::seconds;

// Ids that act() dispatched, and refusals it gave.
struct Acted {
  std::vector<RequestId> sent;
  std::vector<Refuse> refused;
};
Acted act(Scheduler& scheduler, TimePoint now) {
  Acted acted;
  for (auto& action : scheduler.act(now)) {
    if (auto* sent = std::get_if<Dispatch>(&action))
      acted.sent.push_back(sent->request);
    else
      acted.refused.push_back(std::get<Refuse>(action));
  }
  return acted;
}

struct SchedulerTest : testing::Test {
  SchedulerConfig config;
  TimePoint now = start;

  Scheduler make() {
    Scheduler scheduler(config);
    scheduler.add_run(run_spec(1), now);
    return scheduler;
  }
  // Past the first contact, so that the window is open.
  void warm_up(Scheduler& scheduler, std::int64_t remaining = 1000, const std::string& account = "a1") {
    for (int i = 0; i < 8; ++i) {
      auto asked = profile();
      asked.account = account;
      const auto id = scheduler.submit(1, asked, now);
      EXPECT_EQ(act(scheduler, now).sent.size(), 1u);
      const LimitReport told[] = {requests_left(1000, remaining)};
      scheduler.limits_seen(id, told, "", now);
      scheduler.first_content(id, now);
      scheduler.finished(id, usage(100, 100), false, now);
      act(scheduler, now);
      now += 10ms;  // a limit just heard of is not used up in one burst
    }
  }
  static Failure failure(FailureClass c, int status = 0, std::optional<Duration> retry_after = std::nullopt) {
    return {c, status, retry_after, ""};
  }
  static std::string reason_of(const Scheduler& scheduler, RequestId id, TimePoint at) {
    for (const auto& waiting : scheduler.snapshot(at).queue) {
      if (waiting.request == id) return waiting.reason;
    }
    return "";
  }
};

TEST_F(SchedulerTest, AnUncontendedRequestGoesOutAtOnce) {
  auto scheduler = make();
  const auto id = scheduler.submit(1, profile(), now);
  EXPECT_EQ(act(scheduler, now).sent, std::vector<RequestId>{id});
  scheduler.finished(id, usage(100, 50), false, now + 1s);
  EXPECT_TRUE(scheduler.act(now + 1s).empty());
  EXPECT_EQ(scheduler.wake_at(), std::nullopt);
  const auto run = scheduler.run_snapshot(1);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->tokens_spent, 150);
  EXPECT_EQ(run->in_flight, 0);
}

TEST_F(SchedulerTest, ABurstWaitsForWhatTheFirstAnswerTells) {
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

TEST_F(SchedulerTest, ARateLimitHoldsThePoolAndKeepsThePlaceInLine) {
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

TEST_F(SchedulerTest, ABackingOffRequestHoldsNoSlot) {
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

TEST_F(SchedulerTest, ClientErrorsAndQuotaPassOn) {
  auto scheduler = make();
  for (const auto c : {FailureClass::client_error, FailureClass::permanent_quota}) {
    const auto id = scheduler.submit(1, profile(), now);
    act(scheduler, now);
    EXPECT_EQ(scheduler.failed(id, failure(c, 400), {}, now), FailureVerdict::pass_on);
  }
  EXPECT_EQ(scheduler.run_snapshot(1)->errors, 2u);
  EXPECT_EQ(scheduler.snapshot(now).pools[0].breaker, "quota exhausted");
}

TEST_F(SchedulerTest, ADelayBeyondTheDeadlinePassesOnAtOnce) {
  auto scheduler = make();
  auto asked = profile();
  asked.client_timeout = 100s;
  const auto id = scheduler.submit(1, asked, now);
  act(scheduler, now);
  EXPECT_EQ(scheduler.failed(id, failure(FailureClass::rate_limited, 429, 96s), {}, now), FailureVerdict::pass_on);
}

TEST_F(SchedulerTest, AWaitEndsAtTheDeadline) {
  config.seeds[""].requests_per_minute = 1;
  auto scheduler = make();
  scheduler.submit(1, profile(), now);
  auto asked = profile();
  asked.client_timeout = 20s;
  const auto late = scheduler.submit(1, asked, now);
  act(scheduler, now);
  EXPECT_TRUE(act(scheduler, now + 18s).refused.empty());
  EXPECT_EQ(scheduler.wake_at(), now + 19s);
  const auto acted = act(scheduler, now + 19s);
  ASSERT_EQ(acted.refused.size(), 1u);
  EXPECT_EQ(acted.refused[0].request, late);
  EXPECT_EQ(acted.refused[0].refusal.kind, RefusalKind::deadline);
  EXPECT_TRUE(acted.refused[0].refusal.should_retry);
  EXPECT_LE(acted.refused[0].refusal.retry_after, Duration(60s));
  EXPECT_NE(acted.refused[0].refusal.message.find("HiveMind"), std::string::npos);
}

TEST_F(SchedulerTest, TheRunsDeadlineCountsToo) {
  config.seeds[""].requests_per_minute = 1;
  Scheduler scheduler(config);
  auto spec = run_spec(1);
  spec.deadline = now + 5s;
  scheduler.add_run(spec, now);
  scheduler.submit(1, profile(), now);
  scheduler.submit(1, profile(), now);
  act(scheduler, now);
  EXPECT_EQ(scheduler.wake_at(), now + 5s);
  EXPECT_EQ(act(scheduler, now + 5s).refused.size(), 1u);
}

TEST_F(SchedulerTest, ABlockedPoolDoesNotBlockOthers) {
  auto scheduler = make();
  const auto held = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.failed(held, failure(FailureClass::rate_limited, 429, 30s), {}, now);
  auto other = profile();
  other.model_class = "another";
  const auto free = scheduler.submit(1, other, now);
  EXPECT_EQ(act(scheduler, now).sent, std::vector<RequestId>{free});
}

TEST_F(SchedulerTest, ABigRequestIsNotStarvedBySmallOnes) {
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

TEST_F(SchedulerTest, ARequestLargerThanAWholeLimitIsRefusedAtOnce) {
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
TEST_F(SchedulerTest, ARequestThatSeemsLargerThanALimitIsTriedTwice) {
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

TEST_F(SchedulerTest, BudgetRefusesWhatCanNeverFit) {
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

TEST_F(SchedulerTest, BudgetWaitsForARefundBeforeItRefuses) {
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

TEST_F(SchedulerTest, BudgetOfSixteenAtOnceIsNeverOvershot) {
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

TEST_F(SchedulerTest, BudgetForgetsNothingThatRan) {
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

TEST_F(SchedulerTest, AChildsBudgetIsItsParents) {
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

TEST_F(SchedulerTest, CancelAtEveryStage) {
  config.seeds[""].requests_per_minute = 2;
  auto scheduler = make();
  const auto unseen = scheduler.submit(1, profile(), now);
  scheduler.cancel(unseen, {}, now);
  EXPECT_TRUE(scheduler.act(now).empty());
  const auto running = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.cancel(running, {}, now);
  const auto backing_off = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.failed(backing_off, failure(FailureClass::fault, 502), {}, now);
  scheduler.cancel(backing_off, {}, now);
  const auto queued = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.cancel(queued, {}, now);
  scheduler.cancel(queued, {}, now);
  EXPECT_TRUE(scheduler.act(now + 1h).empty());
  EXPECT_EQ(scheduler.wake_at(), std::nullopt);
  const auto run = *scheduler.run_snapshot(1);
  EXPECT_EQ(run.waiting, 0u);
  EXPECT_EQ(run.in_flight, 0);
}

TEST_F(SchedulerTest, AFullQueueRefuses) {
  config.max_queue = 3;
  auto scheduler = make();
  for (int i = 0; i < 3; ++i) scheduler.submit(1, profile(), now);
  const auto late = scheduler.submit(1, profile(), now);
  const auto acted = act(scheduler, now);
  ASSERT_EQ(acted.refused.size(), 1u);
  EXPECT_EQ(acted.refused[0].request, late);
  EXPECT_EQ(acted.refused[0].refusal.kind, RefusalKind::queue_full);
  EXPECT_LE(acted.refused[0].refusal.retry_after, Duration(60s));
}

TEST_F(SchedulerTest, DrainFinishesWhatRunsAndRefusesWhatWaits) {
  auto scheduler = make();
  const auto running = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.drain(now + 10s, now);
  const auto waiting = scheduler.submit(1, profile(), now);
  EXPECT_TRUE(scheduler.act(now).empty());
  EXPECT_EQ(scheduler.wake_at(), now + 10s);
  scheduler.finished(running, usage(1, 1), false, now + 5s);
  const auto acted = act(scheduler, now + 10s);
  ASSERT_EQ(acted.refused.size(), 1u);
  EXPECT_EQ(acted.refused[0].request, waiting);
  EXPECT_EQ(acted.refused[0].refusal.kind, RefusalKind::draining);
}

TEST_F(SchedulerTest, ARemovedRunRefusesWhatWaitsAndFinishesWhatRuns) {
  auto scheduler = make();
  const auto running = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.submit(1, profile(), now);
  scheduler.remove_run(1, now);
  const auto acted = act(scheduler, now);
  ASSERT_EQ(acted.refused.size(), 1u);
  EXPECT_EQ(acted.refused[0].refusal.kind, RefusalKind::run_closed);
  EXPECT_TRUE(scheduler.run_snapshot(1));
  scheduler.finished(running, usage(10, 10), false, now);
  EXPECT_FALSE(scheduler.run_snapshot(1));
}

TEST_F(SchedulerTest, BreakerHoldsTheQueueAndSendsOneProbe) {
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

TEST_F(SchedulerTest, CredentialsOfOneOrganisationShareAPool) {
  auto scheduler = make();
  warm_up(scheduler, 1000, "key1");
  warm_up(scheduler, 1000, "key2");
  EXPECT_EQ(scheduler.snapshot(now).pools.size(), 2u);
  auto one = profile(), two = profile(), three = profile();
  one.account = "key1";
  two.account = three.account = "key2";
  const auto a = scheduler.submit(1, one, now), b = scheduler.submit(1, two, now);
  act(scheduler, now);
  scheduler.limits_seen(a, {}, "org", now);
  scheduler.limits_seen(b, {}, "org", now);
  const auto pools = scheduler.snapshot(now).pools;
  ASSERT_EQ(pools.size(), 1u);
  EXPECT_EQ(pools[0].account, "org");
  EXPECT_EQ(pools[0].in_flight, 2);
  scheduler.failed(a, failure(FailureClass::rate_limited, 429, 30s), {}, now);
  scheduler.submit(1, three, now);
  EXPECT_TRUE(act(scheduler, now).sent.empty()) << "the other key is limited with it";
  scheduler.finished(b, usage(1, 1), false, now);
  EXPECT_EQ(scheduler.snapshot(now).pools[0].in_flight, 0);
}

TEST_F(SchedulerTest, PrioritiesGoFirst) {
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

TEST_F(SchedulerTest, WaitingIsExplained) {
  config.seeds[""].requests_per_minute = 2;
  auto scheduler = make();
  std::vector<RequestId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(scheduler.submit(1, profile(), now));
  act(scheduler, now);
  EXPECT_NE(reason_of(scheduler, ids[1], now).find("concurrency 1 of 1 in flight, learning the limits"),
            std::string::npos);
  scheduler.finished(ids[0], usage(1, 1), false, now);
  act(scheduler, now);
  scheduler.finished(ids[1], usage(1, 1), false, now);
  act(scheduler, now);
  EXPECT_EQ(reason_of(scheduler, ids[2], now), "requests per minute: 0 of 2 left, 1 needed, in 30.0 s");
  EXPECT_EQ(reason_of(scheduler, ids[3], now).rfind("1 ahead; requests per minute", 0), 0u);
  const auto snapshot = scheduler.snapshot(now);
  EXPECT_EQ(snapshot.pools[0].waiting, 2u);
  EXPECT_EQ(snapshot.runs[0].waiting, 2u);
}

TEST_F(SchedulerTest, ReconfiguringKeepsWhatWaits) {
  config.seeds[""].requests_per_minute = 1;
  auto scheduler = make();
  const auto first = scheduler.submit(1, profile(), now);
  const auto second = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.finished(first, usage(1, 1), false, now);
  EXPECT_TRUE(act(scheduler, now).sent.empty());
  config.seeds[""].requests_per_minute = 1000;
  config.fair_order = false;
  scheduler.configure(config, now);
  EXPECT_EQ(act(scheduler, now + 1s).sent, std::vector<RequestId>{second});
}

TEST_F(SchedulerTest, ABadRequestDoesNotKeepTheBreakerOpenForAll) {
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

TEST_F(SchedulerTest, ALimitFurtherAwayThanAnybodyWaitsIsPassedOn) {
  auto scheduler = make();
  warm_up(scheduler);
  const auto first = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  EXPECT_EQ(scheduler.failed(first, failure(FailureClass::long_window, 429, 14h), {}, now), FailureVerdict::pass_on);
  now += 10ms;
  const auto second = scheduler.submit(1, profile(), now);
  EXPECT_EQ(act(scheduler, now).sent, std::vector<RequestId>{second}) << "it gets the provider's own answer";
}

TEST_F(SchedulerTest, AClientThatComesBackIsALittleEarlier) {
  auto scheduler = make();
  warm_up(scheduler);
  scheduler.submit(1, profile(), now);
  act(scheduler, now);
  const LimitReport told[] = {requests_left(60, 0)};
  scheduler.limits_seen(scheduler.submit(1, profile(), now) - 1, told, "", now);
  auto again = profile();
  again.client_retry = 1;
  const auto retried = scheduler.submit(1, again, now);
  EXPECT_EQ(act(scheduler, now + 1s).sent, std::vector<RequestId>{retried});
}

TEST_F(SchedulerTest, GuessesFollowWhatOthersUsedInTheMeantime) {
  config.seeds[""].output_tokens_per_minute = 2000;
  config.admission = false;
  auto scheduler = make();
  std::vector<RequestId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(scheduler.submit(1, profile("anthropic", 100, 4096), now));
  EXPECT_EQ(act(scheduler, now).sent, std::vector<RequestId>{ids[0]}) << "1024 are guessed of what nobody has seen";
  scheduler.finished(ids[0], usage(100, 400), false, now);
  EXPECT_EQ(act(scheduler, now).sent, (std::vector<RequestId>{ids[1], ids[2]}));
}

TEST_F(SchedulerTest, MergedPoolsDoNotMistakeThePastForThePresent) {
  auto scheduler = make();
  warm_up(scheduler, 1000, "key1");
  warm_up(scheduler, 1000, "key1");
  warm_up(scheduler, 1000, "key2");
  auto one = profile(), two = profile();
  one.account = "key1";
  two.account = "key2";
  const auto a = scheduler.submit(1, one, now), b = scheduler.submit(1, two, now);
  act(scheduler, now);
  scheduler.limits_seen(a, {}, "org", now);
  scheduler.limits_seen(b, {}, "org", now);
  const LimitReport told[] = {requests_left(1000, 900)};
  for (const auto id : {a, b}) scheduler.limits_seen(id, told, "org", now);
  const auto snapshot = scheduler.snapshot(now);
  for (const auto& limit : snapshot.pools.at(0).limits) EXPECT_GE(limit.available, 898);
}
}  // namespace
}  // namespace hivemind
