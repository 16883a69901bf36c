#include "preload/run/seccomp_workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace hivemind::run {
namespace {
TEST(SeccompWorkers, WorkThatWaitsKeepsNobody) {
  std::latch met(8);
  std::atomic<int> done = 0;
  {
    Workers workers;
    for (int i = 0; i < 8; ++i)
      workers.give([&] {
        met.arrive_and_wait();  // returns only when all eight run at once
        ++done;
      });
  }
  EXPECT_EQ(done, 8);
}

TEST(SeccompWorkers, MoreThanThereAreThreadsWaitTheirTurn) {
  std::atomic<int> done = 0;
  {
    Workers workers;
    for (std::size_t i = 0; i < 4 * Workers::most; ++i) workers.give([&] { ++done; });
  }
  EXPECT_EQ(done, static_cast<int>(4 * Workers::most));
}
}  // namespace
}  // namespace hivemind::run
