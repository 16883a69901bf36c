#include "core/unnamed_rejections.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {
const TimePoint start{std::chrono::hours(1)};

struct Rejected {
  UnnamedRejections unnamed;
  std::optional<Duration> at(Duration sent, int under_way = 1) {
    return unnamed.rejected(under_way, start + sent, 1s, 30s, start + sent);
  }
};

TEST(UnnamedRejections, HoldTwiceAsLongEachTimeUntilSomebodyIsServed) {
  Rejected rejected;
  Duration sent{};
  for (const Duration hold :
       {Duration(1s), Duration(2s), Duration(4s), Duration(8s), Duration(16s), Duration(30s), Duration(30s)}) {
    EXPECT_EQ(rejected.at(sent), hold);
    sent += hold;
  }
  EXPECT_EQ(rejected.unnamed.served(1, start + sent), std::optional(sent)) << "that long there was no room";
  EXPECT_EQ(rejected.unnamed.served(1, start + sent), std::nullopt);
  EXPECT_EQ(rejected.at(sent + 1s), Duration(1s)) << "anew";
}

TEST(UnnamedRejections, ThoseUnderWayBeforeTheHoldAreOne) {
  Rejected rejected;
  rejected.unnamed.served(3, start);
  EXPECT_EQ(rejected.at(10ms, 3), Duration(1s));
  EXPECT_EQ(rejected.at(11ms, 3), Duration{});
  EXPECT_EQ(rejected.unnamed.served(3, start + 9ms), std::nullopt) << "sent before";
  EXPECT_EQ(rejected.at(1011ms), Duration(2s));
}

TEST(UnnamedRejections, TooManyAtOnceIsNoRate) {
  Rejected rejected;
  EXPECT_EQ(rejected.at(0s, 2), std::nullopt) << "never were two served";
  rejected.unnamed.served(2, start);
  EXPECT_EQ(rejected.at(1s, 3), std::nullopt);
  EXPECT_EQ(rejected.at(1s, 2), Duration(1s));
}
}  // namespace
}  // namespace hivemind
