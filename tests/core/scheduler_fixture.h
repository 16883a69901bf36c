// scheduler_fixture.h - a scheduler with one run, and its actions sorted.
#pragma once
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "core/scheduler.h"
#include "tests/core/fleet.h"

namespace hivemind {

// Ids that act() dispatched, and refusals it gave.
struct Acted {
  std::vector<RequestId> sent;
  std::vector<Refuse> refused;
};
inline Acted act(Scheduler& scheduler, TimePoint now) {
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
}  // namespace hivemind
