#include "core/scheduler.h"

#include <gtest/gtest.h>

#include "tests/core/fleet.h"

namespace hivemind {
namespace {

TEST(Scheduler, AnUncontendedRequestGoesOutAtOnce) {
  Scheduler scheduler{SchedulerConfig{}};
  scheduler.add_run(run_spec(1), start);
  const auto id = scheduler.submit(1, profile(), start);
  const auto actions = scheduler.act(start);
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(std::get<Dispatch>(actions[0]).request, id);
  scheduler.finished(id, usage(100, 50), false, start + 1s);
  EXPECT_TRUE(scheduler.act(start + 1s).empty());
  EXPECT_EQ(scheduler.wake_at(), std::nullopt);
  const auto run = scheduler.run_snapshot(1);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->tokens_spent, 150);
  EXPECT_EQ(run->in_flight, 0);
}
}  // namespace
}  // namespace hivemind
