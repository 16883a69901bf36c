#include "net/cancel_point.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {

TEST(CancelPoint, ARequestEndsTheWaitUnderWay) {
  CancelPoint cancel;
  int ended = 0;
  {
    const CancelPoint::Scope scope(cancel, [&ended] { ++ended; });
    cancel.request();
    cancel.request();
  }
  EXPECT_EQ(ended, 1);
  EXPECT_TRUE(cancel.requested());
}

TEST(CancelPoint, ARequestBeforeTheScopeIsNotLost) {
  CancelPoint cancel;
  cancel.request();
  int ended = 0;
  const CancelPoint::Scope scope(cancel, [&ended] { ++ended; });
  EXPECT_EQ(ended, 1);
}

TEST(CancelPoint, AfterTheScopeNothingIsCalled) {
  CancelPoint cancel;
  int ended = 0;
  {
    const CancelPoint::Scope scope(cancel, [&ended] { ++ended; });
  }
  cancel.request();
  EXPECT_EQ(ended, 0);
}
}  // namespace
}  // namespace hivemind
