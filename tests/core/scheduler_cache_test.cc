// Prompts that begin alike, and those that are about to be forgotten.
#include <algorithm>

#include "core/ahead_of_turn.h"
#include "tests/core/scheduler_fixture.h"

namespace hivemind {
namespace {

constexpr std::int64_t common = 20'000;

class SchedulerCache : public SchedulerTest {
protected:
  SchedulerCache() { config.admission = false; }  // slots for all: what is seen here is order
  // Agent `number`, whose system prompt is `system`.
  static RequestProfile sibling(int number, std::uint64_t system = 1, std::int64_t tokens = common) {
    auto asked = profile("anthropic", tokens + 100);
    asked.account = "a1";
    asked.agent = "agent-" + std::to_string(number);
    asked.prefixes = {{system, tokens, 5min}, {1000 + static_cast<std::uint64_t>(number), tokens + 100, 5min}};
    return asked;
  }
  std::vector<RequestId> submit(Scheduler& scheduler, int count, std::int64_t tokens = common) {
    std::vector<RequestId> ids;
    for (int i = 0; i < count; ++i) ids.push_back(scheduler.submit(1, sibling(i, 1, tokens), now));
    return ids;
  }
  static Usage read(std::int64_t cached) {
    Usage used = usage(100, 100);
    used.cache_read = cached;
    return used;
  }
  // Past the first contact; nobody told a limit.
  Scheduler warm() {
    auto scheduler = make();
    for (int i = 0; i < 4; ++i) {
      auto asked = profile();
      asked.account = "a1";
      const auto id = scheduler.submit(1, asked, now);
      EXPECT_EQ(act(scheduler, now).sent, std::vector{id});
      scheduler.limits_seen(id, {}, "", now);
      scheduler.first_content(id, now);
      scheduler.finished(id, usage(100, 100), false, now);
      act(scheduler, now);
    }
    return scheduler;
  }
};
std::vector<RequestId> rest(const std::vector<RequestId>& ids, std::size_t from = 1) {
  return {ids.begin() + static_cast<long>(from), ids.end()};
}

TEST_F(SchedulerCache, SiblingsWaitForTheLeadersFirstContent) {
  auto scheduler = warm();
  const auto ids = submit(scheduler, 5);
  EXPECT_EQ(act(scheduler, now).sent, std::vector{ids[0]});
  EXPECT_EQ(reason_of(scheduler, ids[3], now), "request " + std::to_string(ids[0]) +
                                                   " writes 20000 tokens of its prompt into the cache, waits for that "
                                                   "5.0 s");
  EXPECT_EQ(scheduler.snapshot(now).pools[0].following, 4u);
  EXPECT_EQ(scheduler.snapshot(now).pools[0].waiting, 4u);
  // They keep nobody else waiting.
  auto other = profile();
  other.account = "a1";
  const auto aside = scheduler.submit(1, other, now);
  EXPECT_EQ(act(scheduler, now).sent, std::vector{aside});
  scheduler.first_content(ids[0], now + 1s);
  EXPECT_EQ(act(scheduler, now + 1s).sent, rest(ids));
  EXPECT_EQ(scheduler.snapshot(now + 1s).pools[0].following, 0u);
  EXPECT_GE(scheduler.snapshot(now + 1s).pools[0].cached_prefixes, 1u);
  EXPECT_EQ(act(scheduler, now + 1s).sent.size(), 0u);
}

TEST_F(SchedulerCache, TheSwitchMattersToSiblings) {
  config.cache_siblings = false;
  auto scheduler = warm();
  const auto ids = submit(scheduler, 5);
  EXPECT_EQ(act(scheduler, now).sent, ids);
}

TEST_F(SchedulerCache, SwitchingOffLetsThemGo) {
  auto scheduler = warm();
  const auto ids = submit(scheduler, 5);
  act(scheduler, now);
  config.cache_siblings = false;
  scheduler.configure(config, now);
  EXPECT_EQ(act(scheduler, now).sent, rest(ids));
}

TEST_F(SchedulerCache, WhenTheLeaderVanishesTheNextOneLeads) {
  const auto vanish = [&](auto how) {
    auto scheduler = warm();
    const auto ids = submit(scheduler, 4);
    act(scheduler, now);
    how(scheduler, ids[0]);
    EXPECT_EQ(act(scheduler, now + 1s).sent, std::vector{ids[1]});
    EXPECT_EQ(scheduler.snapshot(now + 1s).pools[0].following, 2u);
    scheduler.first_content(ids[1], now + 2s);
    const auto sent = act(scheduler, now + 2s).sent;
    for (const auto id : {ids[2], ids[3]}) EXPECT_EQ(std::count(sent.begin(), sent.end(), id), 1);
  };
  vanish([&](Scheduler& s, RequestId id) { s.cancel(id, {}, now + 1s); });
  vanish([&](Scheduler& s, RequestId id) { s.finished(id, {}, true, now + 1s); });
  vanish([&](Scheduler& s, RequestId id) { s.failed(id, failure(FailureClass::client_error, 400), {}, now + 1s); });
  config.backoff_base = 10s;
  vanish([&](Scheduler& s, RequestId id) { s.failed(id, failure(FailureClass::retryable, 409), {}, now + 1s); });
}

TEST_F(SchedulerCache, ALeaderWithoutAStreamLeadsToItsEnd) {
  auto scheduler = warm();
  const auto ids = submit(scheduler, 3);
  act(scheduler, now);
  scheduler.finished(ids[0], usage(common, 10), false, now + 1s);
  EXPECT_EQ(act(scheduler, now + 1s).sent, rest(ids));
}

TEST_F(SchedulerCache, TheWaitIsBounded) {
  auto scheduler = warm();
  const auto ids = submit(scheduler, 5);
  act(scheduler, now);
  ASSERT_TRUE(scheduler.wake_at());
  EXPECT_EQ(*scheduler.wake_at(), now + 5s);  // nothing is known of this provider's leaders
  EXPECT_EQ(act(scheduler, now + 5s).sent, rest(ids));
  // Of one that is late nobody waits any more.
  const auto late = scheduler.submit(1, sibling(9), now + 6s);
  EXPECT_EQ(act(scheduler, now + 6s).sent, std::vector{late});
}

TEST_F(SchedulerCache, LeaderAfterLeaderTakesNoLongerInAll) {
  auto scheduler = warm();
  auto ids = submit(scheduler, 40);
  std::vector<RequestId> leaders = act(scheduler, now).sent;
  const auto last = ids.back();
  for (TimePoint at = now + 4s; at < now + 1min; at += 4s) {
    for (const auto id : leaders) scheduler.cancel(id, {}, at);
    leaders = act(scheduler, at).sent;
    if (std::count(leaders.begin(), leaders.end(), last) == 0) continue;
    EXPECT_EQ(at, now + 12s);  // ten seconds are all that it waits
    return;
  }
  ADD_FAILURE() << "never sent";
}

TEST_F(SchedulerCache, TheBoundIsLearned) {
  auto scheduler = warm();
  for (int i = 0; i < 30; ++i, now += 2s) {
    const auto id = scheduler.submit(1, sibling(100 + i, 100u + static_cast<unsigned>(i)), now);
    act(scheduler, now);
    scheduler.first_content(id, now + 400ms);
    scheduler.finished(id, usage(common, 10), false, now + 500ms);
  }
  submit(scheduler, 5);
  EXPECT_EQ(act(scheduler, now).sent.size(), 1u);
  EXPECT_LT(*scheduler.wake_at(), now + 1s);
}

TEST_F(SchedulerCache, NobodyWaitsForLittle) {
  auto scheduler = warm();
  const auto ids = submit(scheduler, 5, 1000);
  EXPECT_EQ(act(scheduler, now).sent, ids);
  auto hurried = sibling(8, 2);
  hurried.client_timeout = 8s;
  const auto leader = scheduler.submit(1, sibling(7, 2), now), follower = scheduler.submit(1, hurried, now);
  EXPECT_EQ(act(scheduler, now).sent, (std::vector{leader, follower}));
}

TEST_F(SchedulerCache, WhereNothingIsEverReadNobodyWaits) {
  auto scheduler = warm();
  const auto ids = submit(scheduler, 3);
  act(scheduler, now);
  scheduler.first_content(ids[0], now);
  EXPECT_EQ(act(scheduler, now).sent, rest(ids));
  for (const auto id : ids) scheduler.finished(id, usage(common, 10), false, now);  // as if each had been first
  const auto one = scheduler.submit(1, sibling(5, 2), now), other = scheduler.submit(1, sibling(6, 2), now);
  EXPECT_EQ(act(scheduler, now).sent, (std::vector{one, other}));
}

TEST_F(SchedulerCache, EveryStageCanBeLeft) {
  auto scheduler = warm();
  auto hurried = sibling(8);
  hurried.client_timeout = 30s;
  auto ids = submit(scheduler, 5);
  act(scheduler, now);
  scheduler.cancel(ids[2], {}, now);
  EXPECT_EQ(scheduler.snapshot(now).pools[0].following, 3u);
  scheduler.remove_run(1, now);
  EXPECT_EQ(act(scheduler, now).refused.size(), 3u);
  EXPECT_EQ(scheduler.snapshot(now).pools[0].following, 0u);
  scheduler.finished(ids[0], {}, false, now);
  EXPECT_EQ(scheduler.snapshot(now).pools[0].in_flight, 0);
  EXPECT_EQ(scheduler.wake_at(), std::nullopt);
}

TEST_F(SchedulerCache, FollowersMoveWithTheirPool) {
  auto scheduler = warm();
  auto ids = submit(scheduler, 3);
  act(scheduler, now);
  scheduler.limits_seen(ids[0], {}, "org", now);  // the pool gets its organisation's name
  auto other = sibling(8, 2);
  other.account = "a2";
  auto follower = sibling(9, 2);
  follower.account = "a2";
  const auto second = scheduler.submit(1, other, now), third = scheduler.submit(1, follower, now);
  act(scheduler, now);
  scheduler.limits_seen(second, {}, "org", now);  // and is found to be the first one
  ASSERT_EQ(scheduler.snapshot(now).pools.size(), 1u);
  scheduler.first_content(ids[0], now);
  scheduler.first_content(second, now);
  const auto sent = act(scheduler, now).sent;
  for (const auto id : {ids[1], ids[2], third}) EXPECT_EQ(std::count(sent.begin(), sent.end(), id), 1) << id;
  for (const auto id : {ids[0], ids[1], ids[2], second, third}) scheduler.finished(id, {}, false, now);
  EXPECT_EQ(scheduler.snapshot(now).pools[0].following, 0u);
  EXPECT_EQ(scheduler.wake_at(), std::nullopt);
}

// What is held is not reserved again: the followers fit into a limit that the leader filled.
TEST_F(SchedulerCache, WhatIsHeldTakesNothingOfTheLimit) {
  config.seeds["anthropic"].input_tokens_per_minute = 30'000;
  auto scheduler = warm();
  const auto ids = submit(scheduler, 4);
  EXPECT_EQ(act(scheduler, now).sent, std::vector{ids[0]});
  scheduler.first_content(ids[0], now + 1s);
  EXPECT_EQ(act(scheduler, now + 1s).sent, rest(ids));
}

// An agent with a large prompt comes back late behind many small ones, at 30 requests a minute.
class SchedulerCacheEnds : public SchedulerCache {
protected:
  struct Outcome {
    Duration sent{};  // when the one that came back went out
    std::vector<RequestId> order;
    std::string reason;
    std::uint64_t went_ahead = 0;
  };
  Outcome come_back(Priority crowd = Priority::normal, int agents = 1) {
    config.seeds["anthropic"].requests_per_minute = 30;
    config.policy = "fcfs";
    Scheduler scheduler(config);
    scheduler.add_run(run_spec(1), now);
    scheduler.add_run(run_spec(2, crowd), now);
    std::vector<RequestId> back;
    const TimePoint held_since = now;
    double left = 30;
    TimePoint filled = now;
    const auto answer = [&](RequestId id, TimePoint at) {
      left = std::min(30.0, left + std::chrono::duration<double>(at - filled).count() / 2) - 1;
      filled = at;
      const LimitReport told[] = {requests_left(30, static_cast<std::int64_t>(std::max(0.0, left)))};
      scheduler.limits_seen(id, told, "", at);
      scheduler.first_content(id, at);
      scheduler.finished(id, read(common), false, at);
    };
    for (int i = 0; i < agents; ++i) {
      const auto id = scheduler.submit(1, sibling(i, 100u + static_cast<unsigned>(i)), now);
      act(scheduler, now);
      answer(id, now);
      now += 3s;
    }
    now += 3min;
    for (int i = 0; i < 120; ++i) {
      auto small = profile("anthropic", 100);
      small.account = "a1";
      scheduler.submit(2, small, now);
    }
    for (int i = 0; i < agents; ++i)
      back.push_back(scheduler.submit(1, sibling(i, 100u + static_cast<unsigned>(i)), now));
    Outcome outcome;
    for (TimePoint at = now; at < now + 10min; at += 100ms) {
      for (const auto id : act(scheduler, at).sent) {
        outcome.order.push_back(id);
        answer(id, at);
        if (id != back[0]) continue;
        outcome.sent = at - held_since;
        for (const auto& told : scheduler.decisions(id, 10, at))
          if (told.kind == "dispatched") outcome.reason = told.reason;
      }
    }
    EXPECT_EQ(outcome.order.size(), 120u + static_cast<std::size_t>(agents));
    outcome.went_ahead = scheduler.snapshot(now + 10min).pools[0].went_ahead;
    return outcome;
  }
};

TEST_F(SchedulerCacheEnds, WhosePromptIsAboutToBeForgottenGoesFirst) {
  const auto on = come_back();
  EXPECT_GE(on.sent, 4min + 50s - 2s);
  EXPECT_LT(on.sent, 5min);
  EXPECT_EQ(on.went_ahead, 1u);
  EXPECT_EQ(on.reason.find("before its turn: 20100 tokens of its prompt are cached for only"), 0u) << on.reason;
}

TEST_F(SchedulerCacheEnds, TheSwitchMatters) {
  config.cache_expiry = false;
  const auto off = come_back();
  EXPECT_GT(off.sent, 6min);
  EXPECT_EQ(off.went_ahead, 0u);
}

TEST_F(SchedulerCacheEnds, AHigherPriorityIsNotPassed) {
  config.aging_step = 1h;
  const auto behind = come_back(Priority::high);
  EXPECT_GT(behind.sent, 6min);
  EXPECT_EQ(behind.went_ahead, 0u);
}

// Twenty agents whose prompts all end within a minute: they go ahead as far as the bound lets them, and no further.
TEST_F(SchedulerCacheEnds, TheOthersWaitNoLongerThanTheBound) {
  const auto all = come_back(Priority::normal, 20);
  EXPECT_GT(all.went_ahead, 3u);
  // A quarter of a minute's 30, and a tenth of what went in turn meanwhile.
  EXPECT_LE(all.went_ahead, 30 * AheadOfTurn::burst + 0.1 * 140 + 1);
  EXPECT_LT(all.went_ahead, 20u);
}
}  // namespace
}  // namespace hivemind
