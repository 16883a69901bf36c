// Who goes next, as clients meet it: places kept, classes, deadlines.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/core/fleet.h"
#include "tests/core/scheduler_fixture.h"

namespace hivemind {
namespace {

class SchedulerOrder : public testing::Test {
protected:
  Scheduler make() const {
    Scheduler scheduler(config);
    for (RunId run = 1; run <= 3; ++run) scheduler.add_run(run_spec(run), start);
    return scheduler;
  }
  // Sends and finishes one request after the other; a hundred milliseconds each.
  std::vector<RequestId> drain(Scheduler& scheduler) {
    std::vector<RequestId> order;
    for (int i = 0; i < 10000; ++i) {
      const auto actions = scheduler.act(now);
      for (const auto& action : actions) {
        const auto* sent = std::get_if<Dispatch>(&action);
        if (!sent) continue;
        order.push_back(sent->request);
        scheduler.first_content(sent->request, now);
        scheduler.finished(sent->request, usage(100, 100), false, now);
      }
      if (scheduler.snapshot(now).queue.empty()) break;
      now += 100ms;
    }
    return order;
  }
  static RequestProfile asked(std::uint64_t body, std::string agent = "", std::string request_class = "") {
    auto p = profile();
    p.body_hash = body;
    p.agent = std::move(agent);
    p.request_class = std::move(request_class);
    return p;
  }
  static std::size_t at(const std::vector<RequestId>& order, RequestId id) {
    return static_cast<std::size_t>(std::find(order.begin(), order.end(), id) - order.begin());
  }
  // One request under way, so that all others queue.
  void occupy(Scheduler& scheduler) {
    const auto first = scheduler.submit(3, profile(), now);
    scheduler.act(now);
    occupant = first;
  }

  SchedulerConfig config;
  TimePoint now = start;
  RequestId occupant = 0;
};

TEST_F(SchedulerOrder, TheSameBodyAgainGoesOnWaitingWhereItWas) {
  for (const char* policy : {"fair", "fcfs", "las", "program-fcfs"}) {
    SCOPED_TRACE(policy);
    for (const bool kept : {true, false}) {
      config.policy = policy;
      config.keep_place = kept;
      auto scheduler = make();
      occupy(scheduler);
      const auto first = scheduler.submit(1, asked(1), now);
      std::vector<RequestId> others;
      for (std::uint64_t i = 2; i <= 40; ++i) others.push_back(scheduler.submit(1, asked(i), now));
      scheduler.cancel(first, {}, now);  // its client has had enough, and asks again
      const auto again = scheduler.submit(1, asked(1), now + 1s);
      scheduler.finished(occupant, usage(1, 1), false, now + 1s);
      now += 1s;
      const auto order = drain(scheduler);
      EXPECT_EQ(order.size(), 40u);
      EXPECT_EQ(at(order, again) == 0, kept);
    }
  }
}

TEST_F(SchedulerOrder, ARunThatComesBackHasNotLostItsTurn) {
  config.policy = "fair";
  auto scheduler = make();
  occupy(scheduler);
  const auto first = scheduler.submit(1, asked(1), now);
  for (std::uint64_t i = 2; i <= 10; ++i) scheduler.submit(2, asked(i), now);
  scheduler.cancel(first, {}, now);
  const auto again = scheduler.submit(1, asked(1), now + 1s);
  scheduler.finished(occupant, usage(1, 1), false, now + 1s);
  now += 1s;
  EXPECT_EQ(at(drain(scheduler), again), 0u);
}

TEST_F(SchedulerOrder, LeavingAndComingBackEarnsNothing) {
  config.policy = "fair";
  auto scheduler = make();
  occupy(scheduler);
  auto leaver = scheduler.submit(1, asked(1), now);
  std::vector<RequestId> of_one, of_two;
  for (std::uint64_t i = 2; i <= 20; ++i) of_two.push_back(scheduler.submit(2, asked(i), now));
  scheduler.finished(occupant, usage(1, 1), false, now);
  int ones = 0, twos = 0;
  std::uint64_t body = 100;
  for (int i = 0; i < 300 && twos < 15; ++i, now += 100ms) {
    if (leaver) scheduler.cancel(leaver, {}, now), leaver = scheduler.submit(1, asked(1), now);
    scheduler.submit(1, asked(++body), now);
    for (const auto& action : scheduler.act(now)) {
      const auto id = std::get<Dispatch>(action).request;
      if (id == leaver) leaver = 0;
      ++(std::find(of_two.begin(), of_two.end(), id) == of_two.end() ? ones : twos);
      scheduler.first_content(id, now);
      scheduler.finished(id, usage(100, 100), false, now);
    }
  }
  EXPECT_GE(twos, 15);
  EXPECT_LE(ones, 2 * twos + 15)
      << "a run that always comes back has no more than its share, and its queue's head start";
}

TEST_F(SchedulerOrder, MainTurnsBeforeSubAgentsBeforeTitles) {
  for (const bool by_class : {true, false}) {
    config.class_order = by_class;
    auto scheduler = make();
    occupy(scheduler);
    const auto title = scheduler.submit(1, asked(1, "t", "auxiliary"), now);
    const auto worker = scheduler.submit(1, asked(2, "w", "subagent"), now);
    const auto main_turn = scheduler.submit(1, asked(3, "m", "main"), now);
    scheduler.finished(occupant, usage(1, 1), false, now);
    const auto order = drain(scheduler);
    EXPECT_EQ(order, by_class ? (std::vector<RequestId>{main_turn, worker, title})
                              : (std::vector<RequestId>{title, worker, main_turn}));
  }
}

TEST_F(SchedulerOrder, ATitleIsNotStarvedByMainTurns) {
  auto scheduler = make();
  occupy(scheduler);
  const auto title = scheduler.submit(1, asked(1, "t", "auxiliary"), now);
  scheduler.finished(occupant, usage(1, 1), false, now);
  std::uint64_t body = 10;
  for (int i = 0; i < 4; ++i) scheduler.submit(1, asked(++body, "m", "main"), now);
  bool served = false;
  for (; now < start + 10min && !served; now += 1s) {
    // One slot a second, and always more main turns than that.
    ++body;
    scheduler.submit(1, asked(body, "m" + std::to_string(body % 3), "main"), now);
    ++body;
    scheduler.submit(1, asked(body, "m" + std::to_string(body % 3), "main"), now);
    for (const auto& action : scheduler.act(now)) {
      const auto* sent = std::get_if<Dispatch>(&action);
      if (!sent) continue;
      served = served || sent->request == title;
      scheduler.first_content(sent->request, now);
      scheduler.finished(sent->request, usage(100, 100), false, now);
    }
  }
  EXPECT_TRUE(served);
  EXPECT_LE(now - start, 4 * config.aging_step);
}

TEST_F(SchedulerOrder, UnderDeadlineTheRunThatMustEndSoonerGoesFirst) {
  for (const char* policy : {"deadline", "fcfs"}) {
    config.policy = policy;
    auto scheduler = make();
    auto late = run_spec(4), soon = run_spec(5);
    late.deadline = start + 20min;
    soon.deadline = start + 1min;
    scheduler.add_run(late, start);
    scheduler.add_run(soon, start);
    occupy(scheduler);
    const auto first = scheduler.submit(4, profile(), now), second = scheduler.submit(5, profile(), now);
    scheduler.finished(occupant, usage(1, 1), false, now);
    const auto order = drain(scheduler);
    EXPECT_EQ(order.front(), policy == std::string("deadline") ? second : first);
  }
}
// Costs are shares of a minute: before its limits are known a request seems twenty times as large as after.
TEST_F(SchedulerTest, WhoAskedBeforeTheLimitsWereKnownIsNotLeftBehind) {
  auto scheduler = make();
  std::map<RequestId, RunId> runs;
  std::map<RunId, int> served;
  const auto ask = [&](RunId run) {
    auto asked = profile();
    asked.input_tokens = 10000;
    runs[scheduler.submit(run, asked, now)] = run;
  };
  for (RunId run = 2; run < 12; ++run) {
    scheduler.add_run(run_spec(run), now);
    ask(run);
  }
  for (int i = 0; i < 20; ++i) {
    now += 2s;
    for (const auto id : act(scheduler, now).sent) {
      const LimitReport told[] = {requests_left(1000, 900)};
      scheduler.limits_seen(id, told, "", now);
      scheduler.first_content(id, now);
      scheduler.finished(id, usage(10000, 100), false, now);
      ++served[runs.at(id)];
      ask(runs.at(id));
    }
  }
  EXPECT_EQ(served.size(), 10u);
  for (const auto& [run, times] : served) EXPECT_NEAR(times, served.at(2), 1) << run;
}
}  // namespace
}  // namespace hivemind
