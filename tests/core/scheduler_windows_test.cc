// Long windows end to end: heads and rejections in, pacing, refusals and reasons out.
#include "core/dialect.h"
#include "core/seconds.h"
#include "tests/core/scheduler_fixture.h"

namespace hivemind {
namespace {

LimitReport window(double used, Duration reset, bool rejected = false, Duration length = 5h, bool model_only = false) {
  LimitReport report;
  report.dimension = Dimension::utilisation;
  report.window = length;
  report.reset_after = reset;
  report.use = WindowUse{used, rejected, model_only};
  return report;
}

struct SchedulerWindows : SchedulerTest {
  // One answer that tells `used`.
  void exchange(Scheduler& scheduler, double used, Duration reset) {
    const auto id = scheduler.submit(1, profile(), now);
    ASSERT_EQ(act(scheduler, now).sent, std::vector<RequestId>{id});
    const LimitReport told[] = {window(used, reset)};
    scheduler.limits_seen(id, told, "", now);
    scheduler.first_content(id, now);
    scheduler.finished(id, usage(100, 100), false, now);
    act(scheduler, now);
  }
  // A subscription near its end: each request takes a percent. Who waits has an hour. Returns how many of the agents
  // that ask all the time were served, and whether somebody who came an hour before the end was, soon.
  std::pair<int, bool> near_the_end(bool pacing) {
    config.pace_from = pacing ? 0.8 : 1;
    auto scheduler = make();
    const TimePoint end = now + 2h;
    double used = 0.7;
    for (; used < 0.8; used += 0.01) exchange(scheduler, used, end - now);
    int served = 0;
    bool late_served = false;
    RequestId late = 0;
    std::set<RequestId> waiting;
    for (; now < end; now += 5s) {
      if (!late && now >= end - 1h) {
        scheduler.add_run(run_spec(2, Priority::critical), now);
        late = scheduler.submit(2, profile(), now);
      }
      while (waiting.size() < 2) waiting.insert(scheduler.submit(1, profile(), now));
      for (bool more = true; more;) {
        const auto acted = act(scheduler, now);
        for (const auto& refuse : acted.refused) waiting.erase(refuse.request);
        more = !acted.sent.empty();
        for (const auto id : acted.sent) {
          const bool full = used > 0.999;
          const LimitReport told[] = {window(full ? 1 : used += 0.01, end - now, full)};
          scheduler.limits_seen(id, told, "", now);
          waiting.erase(id);
          if (full) {
            scheduler.failed(id, failure(FailureClass::long_window, 429, end - now), {}, now);
            scheduler.cancel(id, {}, now);
            continue;
          }
          scheduler.first_content(id, now);
          scheduler.finished(id, usage(100, 100), false, now);
          id == late ? late_served = now < end - 50min : ++served != 0;
        }
      }
    }
    return {served, late_served};
  }
};

TEST_F(SchedulerWindows, PacingLeavesSomethingForWhoComesLate) {
  const auto [paced, late] = near_the_end(true);
  now = start;
  const auto [greedy, too_late] = near_the_end(false);
  EXPECT_TRUE(late);
  EXPECT_FALSE(too_late);
  EXPECT_GE(paced, 17);
  EXPECT_GE(greedy, 19);
}

TEST_F(SchedulerWindows, NobodyMissesItsDeadlineForPacing) {
  auto scheduler = make();
  for (double used = 0.8; used < 0.95; used += 0.01) {
    exchange(scheduler, used, 4h);
    now += 20min;  // whatever is paced meanwhile is due by then
  }
  std::set<RequestId> waiting;
  auto asked = profile();
  asked.client_timeout = 120s;
  for (int i = 0; i < 8; ++i) waiting.insert(scheduler.submit(1, asked, now));
  for (const TimePoint end = now + 120s; now < end; now += 1s) {
    const auto acted = act(scheduler, now);
    EXPECT_TRUE(acted.refused.empty());
    for (const auto id : acted.sent) {
      scheduler.first_content(id, now);
      scheduler.finished(id, usage(100, 100), false, now);
      waiting.erase(id);
    }
  }
  EXPECT_TRUE(waiting.empty());
}

TEST_F(SchedulerWindows, ARejectionHoldsWhoCanWaitAndTurnsAwayWhoCannot) {
  auto scheduler = make();
  warm_up(scheduler);
  auto hasty = profile();
  hasty.client_timeout = 60s;
  const auto first = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  const auto patient = scheduler.submit(1, profile(), now), impatient = scheduler.submit(1, hasty, now);
  const LimitReport told[] = {window(1, 10min, true)};
  scheduler.limits_seen(first, told, "", now);
  EXPECT_EQ(scheduler.failed(first, failure(FailureClass::long_window, 429, 10min), {}, now), FailureVerdict::retry);
  const auto acted = act(scheduler, now);
  EXPECT_TRUE(acted.sent.empty());
  ASSERT_EQ(acted.refused.size(), 1u);
  EXPECT_EQ(acted.refused[0].request, impatient);
  EXPECT_EQ(acted.refused[0].refusal.kind, RefusalKind::window);
  EXPECT_FALSE(acted.refused[0].refusal.should_retry);
  EXPECT_NE(acted.refused[0].refusal.message.find("5-hour window"), std::string::npos);
  EXPECT_NE(acted.refused[0].refusal.message.find("opens in 10 min"), std::string::npos);

  const auto another = scheduler.submit(1, hasty, now);
  ASSERT_EQ(act(scheduler, now).refused.size(), 1u) << "at once, though others wait before it";
  (void)another;
  const auto snapshot = scheduler.snapshot(now);
  ASSERT_EQ(snapshot.pools[0].windows.size(), 1u);
  EXPECT_TRUE(snapshot.pools[0].windows[0].rejected);
  ASSERT_EQ(snapshot.queue.size(), 2u);
  EXPECT_EQ(snapshot.queue[0].why.kind, ReasonKind::window);
  EXPECT_EQ(snapshot.queue[0].why.window, Duration(5h));
  EXPECT_EQ(snapshot.queue[0].reason, "the 5-hour window is used up, next look in 10 min");

  EXPECT_EQ(scheduler.wake_at(), now + 10min);
  EXPECT_EQ(act(scheduler, now + 10min).sent, std::vector<RequestId>{first});
  EXPECT_EQ(act(scheduler, now + 10min + 10ms).sent, std::vector<RequestId>{patient});
}

TEST_F(SchedulerWindows, AFarEndIsLookedAtAgain) {
  config.max_hold = 3h;
  auto scheduler = make();
  warm_up(scheduler);
  const auto first = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  const LimitReport told[] = {window(1, 50h, true, 7 * 24h)};
  scheduler.limits_seen(first, told, "", now);
  EXPECT_EQ(scheduler.failed(first, failure(FailureClass::long_window, 429, 50h), {}, now), FailureVerdict::pass_on);
  const auto second = scheduler.submit(1, profile(), now), third = scheduler.submit(1, profile(), now);
  EXPECT_TRUE(act(scheduler, now).sent.empty());
  now += config.max_cooldown;
  EXPECT_EQ(act(scheduler, now).sent, std::vector<RequestId>{second}) << "one looks";
  const LimitReport open[] = {window(0.1, 160h, false, 7 * 24h)};
  scheduler.limits_seen(second, open, "", now);
  now += 10ms;
  EXPECT_EQ(act(scheduler, now).sent, std::vector<RequestId>{third});
}

TEST_F(SchedulerWindows, SwitchedOffEachGetsTheProvidersOwnAnswer) {
  config.long_windows = false;
  auto scheduler = make();
  warm_up(scheduler);
  const auto first = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.failed(first, failure(FailureClass::long_window, 429, 14h), {}, now);
  now += 10ms;
  const auto second = scheduler.submit(1, profile(), now);
  EXPECT_EQ(act(scheduler, now).sent, std::vector<RequestId>{second});
}

TEST_F(SchedulerWindows, ReadFromHeadsToTheSnapshot) {
  const auto& dialect = *dialect_by_name("anthropic");
  const std::string text =
      "HTTP/1.1 200 OK\r\nDate: Fri, 20 Nov 2026 10:03:07 GMT\r\nContent-Length: 0\r\n"
      "anthropic-ratelimit-unified-5h-utilization: 0.85\r\nanthropic-ratelimit-unified-5h-reset: 1795172587\r\n"
      "anthropic-ratelimit-requests-limit: 50\r\nanthropic-ratelimit-requests-remaining: 49\r\n\r\n";
  const auto head = parse_response_head(text, "POST");
  ASSERT_TRUE(head);
  auto scheduler = make();
  const auto id = scheduler.submit(1, profile(), now);
  act(scheduler, now);
  scheduler.limits_seen(id, dialect.read_limits(*head), "", now);
  const auto pool = scheduler.snapshot(now).pools.at(0);
  EXPECT_EQ(pool.limits.size(), 1u) << "two families at once";
  ASSERT_EQ(pool.windows.size(), 1u);
  EXPECT_NEAR(pool.windows[0].used, 0.85, 1e-9);
  EXPECT_EQ(pool.windows[0].resets_in, Duration(1h));
  EXPECT_FALSE(pool.windows[0].rejected);
}

TEST_F(SchedulerWindows, SurviveARestart) {
  auto scheduler = make();
  exchange(scheduler, 0.5, 4h);
  const auto bytes = scheduler.save(now, 1e9);
  now += 1h;
  auto next = make();
  ASSERT_TRUE(next.restore(bytes, now, 1e9 + 3600));
  const auto pools = next.snapshot(now).pools;
  ASSERT_EQ(pools.size(), 1u);
  ASSERT_EQ(pools[0].windows.size(), 1u);
  EXPECT_NEAR(pools[0].windows[0].used, 0.5, 1e-9);
  EXPECT_NEAR(in_seconds(pools[0].windows[0].resets_in), 3 * 3600, 1);
}
}  // namespace
}  // namespace hivemind
