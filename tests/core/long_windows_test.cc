#include "core/long_windows.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {
const TimePoint t0{std::chrono::hours(1)};

LongWindows told(double used, bool rejected, Duration reset = 2h) {
  LimitReport report;
  report.dimension = Dimension::utilisation;
  report.window = 5h;
  report.reset_after = reset;
  report.use = WindowUse{used, rejected, false};
  LongWindows windows;
  windows.observe({&report, 1}, 1000, 60s, 10min, t0);
  return windows;
}

// What either was told is told of both, whichever of them the other is merged into.
TEST(LongWindows, TheTighterOfTwoThatAreOneCounts) {
  const auto fresh = told(0.2, false), full = told(1, true);
  for (const bool into_full : {true, false}) {
    SCOPED_TRACE(into_full);
    auto merged = into_full ? full : fresh;
    merged.merge(into_full ? fresh : full, 2000, t0);
    ASSERT_EQ(merged.all().size(), 1u);
    EXPECT_DOUBLE_EQ(merged.all()[0].used(2000, t0), 1);
    ASSERT_TRUE(merged.closed(t0));
    EXPECT_EQ(merged.closed(t0)->until, t0 + 10min);
    EXPECT_EQ(merged.closed(t0)->window, &merged.all()[0]);
  }
}

TEST(LongWindows, OneThatIsOverTellsNothingOfTheNext) {
  auto merged = told(0.2, false, 3h);
  merged.merge(told(1, true, 1h), 2000, t0 + 2h);
  EXPECT_NEAR(merged.all()[0].used(2000, t0 + 2h), 0.2, 1e-9);
  EXPECT_FALSE(merged.closed(t0 + 2h));
}
}  // namespace
}  // namespace hivemind
