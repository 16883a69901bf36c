// Requests overtake each other on the way, and some are lost on it: what a response says is left may or may not count
// those sent around it, and is neither counted twice nor forgotten.
#include <gtest/gtest.h>

#include "core/limits.h"

namespace hivemind {
namespace {

const TimePoint t0{std::chrono::hours(1)};
const Duration minute = 60s;

// A window of 50 requests, of which the first has just been answered.
class Overtaking : public testing::Test {
protected:
  Overtaking() {
    auto first = sent(0ms);
    answered(first, 49);
    done(first);
  }
  Spending sent(Duration after_start) { return limits.reserve(++last, {1, 0, 0, 0}, now = t0 + after_start); }
  void answered(Spending& spending, std::int64_t remaining) {
    LimitReport report;
    report.dimension = Dimension::requests;
    report.bucket = false;
    report.limit = 50;
    report.remaining = remaining;
    limits.observe(spending, std::span(&report, 1), minute, now);
  }
  void done(const Spending& spending) { limits.settle(spending, {1, 0, 0, 0}, now); }
  double left() const { return limits.all().at(0).available(now); }

  Limits limits;
  std::uint64_t last = 0;
  TimePoint now = t0;
};

TEST_F(Overtaking, WhatWasSentAMomentLaterMayBeCountedAlready) {
  auto slow = sent(1s);
  sent(1100ms);
  sent(3s);
  EXPECT_DOUBLE_EQ(left(), 46);
  answered(slow, 47);  // the second had overtaken it
  EXPECT_DOUBLE_EQ(left(), 46) << "less the third alone";
}

TEST_F(Overtaking, WhatWasSentMuchLaterCannotBeCountedAlready) {
  auto slow = sent(1s);
  sent(3s);
  sent(4s);
  answered(slow, 45);  // others use the account too
  EXPECT_DOUBLE_EQ(left(), 43);
}

TEST_F(Overtaking, WhatNobodyCountedIsOursAgainOnceNothingIsUncertain) {
  const auto lost = sent(1s), heard = sent(2s);
  done(lost), done(heard);
  auto next = sent(5s);
  EXPECT_DOUBLE_EQ(left(), 46);
  answered(next, 47);  // the lost one never arrived
  EXPECT_DOUBLE_EQ(left(), 47);
}

TEST_F(Overtaking, WhoHasNoAnswerMayStillBeOnTheWay) {
  sent(1s);
  auto next = sent(5s);
  answered(next, 48);
  EXPECT_DOUBLE_EQ(left(), 47) << "the first may arrive yet";
}

TEST_F(Overtaking, WhoWasSentJustBeforeMayHaveBeenOvertaken) {
  const auto just_before = sent(4990ms);
  auto next = sent(5s);
  done(just_before);
  answered(next, 48);
  EXPECT_DOUBLE_EQ(left(), 47) << "counted after this answer was written";
}

TEST_F(Overtaking, WhoWasSentAfterwardsIsNotGivenBack) {
  auto next = sent(5s);
  const auto later = sent(8s);
  done(later);
  answered(next, 48);
  EXPECT_DOUBLE_EQ(left(), 47);
}

// The histories of two pools are not one order: everything after the answered one counts.
TEST_F(Overtaking, AfterAMergeNothingIsTakenAsCounted) {
  auto slow = sent(1s);
  sent(1100ms);
  limits.merge(Limits{}, now);
  answered(slow, 48);
  EXPECT_DOUBLE_EQ(left(), 47);
  answered(slow, 47);
  EXPECT_DOUBLE_EQ(left(), 46) << "the second is taken off again, to be on the safe side";
}
}  // namespace
}  // namespace hivemind
