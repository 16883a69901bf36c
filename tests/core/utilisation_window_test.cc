#include "core/utilisation_window.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/seconds.h"
#include "core/state_bytes.h"

namespace hivemind {
namespace {
const TimePoint start{std::chrono::hours(1)};
constexpr double from = 0.8;
constexpr Duration look = 1h;

// One percent per 1000 spent, told with every answer; now at 80 %, two hours before the end.
struct Used {
  UtilisationWindow window{5h, false, start};
  TimePoint now = start;
  double spent = 0;
  explicit Used(double share = 0.8) {
    window.observe(share - 0.1, 2h, 0, now);
    for (int i = 1; i <= 10; ++i) spend_and_hear(1000, share - 0.1 + 0.01 * i);
  }
  void spend_and_hear(double cost, double share) {
    spent += cost;
    window.observe(share, 2h - (now - start), spent, now);
  }
};

TEST(UtilisationWindow, CountsWhatIsUnderWay) {
  Used used(0.5);
  EXPECT_NEAR(used.window.used(used.spent, used.now), 0.5, 1e-9);
  EXPECT_NEAR(used.window.used(used.spent + 3000, used.now), 0.53, 1e-9);
  EXPECT_EQ(used.window.used(used.spent, start + 2h), 0) << "a new window";
}

TEST(UtilisationWindow, SpreadsWhatIsLeftOverTheTimeLeft) {
  Used used;
  int sent = 0;
  std::vector<TimePoint> at;
  // Everybody asks all the time, and each adds 1 %: twenty fit.
  for (; used.now < start + 2h && sent < 20; used.now += 1s) {
    if (used.window.paced_until(used.spent, from, used.now)) continue;
    used.window.spend(1000, used.spent, from, look, used.now);
    used.spend_and_hear(1000, 0.8 + 0.01 * ++sent);
    at.push_back(used.now);
  }
  ASSERT_GE(sent, 18) << "some is left over";
  EXPECT_GE(at.back(), start + 105min) << "used up too early";
  for (std::size_t i = 4; i < at.size(); ++i) EXPECT_LE(at[i] - at[i - 1], 10min);
}

TEST(UtilisationWindow, SpreadsNothingWhileItWouldLast) {
  const auto paced = [](Used& used, double threshold) {
    for (int i = 0; i < 10; ++i) used.window.spend(1000, used.spent, threshold, look, used.now);
    return used.window.paced_until(used.spent, threshold, used.now).has_value();
  };
  Used ahead;
  EXPECT_TRUE(paced(ahead, from));
  EXPECT_FALSE(paced(ahead, 1)) << "switched off";
  Used below(0.7);
  EXPECT_FALSE(paced(below, from));
  UtilisationWindow behind(5h, false, start);  // 85 % used, and 90 % of its time is over
  behind.observe(0.8, 30min, 0, start);
  behind.observe(0.85, 30min, 1000, start);
  behind.spend(1000, 1000, from, look, start);
  behind.spend(1000, 1000, from, look, start);
  EXPECT_FALSE(behind.paced_until(1000, from, start));
  Used paid(1.0);  // served on credits
  EXPECT_FALSE(paced(paid, from));
}

TEST(UtilisationWindow, ForeseesWhenItIsUsedUp) {
  UtilisationWindow window(5h, false, start);
  window.observe(0.1, 5h, 0, start);
  window.observe(0.2, 5h - 10min, 1000, start + 10min);
  ASSERT_TRUE(window.exhausted_in(1000, start + 10min));
  EXPECT_NEAR(in_seconds(*window.exhausted_in(1000, start + 10min)), 80 * 60, 1);
  window.observe(0.21, 4h, 2000, start + 1h);
  window.observe(0.22, 2h, 3000, start + 3h);
  EXPECT_FALSE(window.exhausted_in(3000, start + 3h)) << "it ends before";
}

TEST(UtilisationWindow, ARejectionHoldsUntilItsEndAndIsLookedAt) {
  UtilisationWindow window(7 * 24h, false, start);
  window.reject(50h, 100, look, start);
  EXPECT_EQ(window.closed_until(start), start + 1h);
  EXPECT_FALSE(window.closed_until(start + 1h)) << "somebody may look";
  window.spend(1, 100, from, look, start + 1h);
  EXPECT_EQ(window.closed_until(start + 1h), start + 2h) << "one is enough";
  window.observe(0.99, std::nullopt, 90, start + 90min);
  EXPECT_TRUE(window.closed_until(start + 90min)) << "an answer to an older request";
  window.observe(0.1, std::nullopt, 200, start + 90min);
  EXPECT_FALSE(window.closed_until(start + 90min));
  window.reject(30min, 300, look, start + 2h);
  EXPECT_EQ(window.closed_until(start + 2h), start + 150min);
}

TEST(UtilisationWindow, LaterEndsAndSmallerSharesAreANewWindow) {
  Used used;
  used.window.observe(0.02, 5h, used.spent + 100, start + 1h);
  EXPECT_NEAR(used.window.used(used.spent + 100, start + 1h), 0.02, 1e-9);
  EXPECT_EQ(used.window.end(), start + 6h);
  used.window.observe(0.01, 5h, used.spent + 50, start + 1h);
  EXPECT_NEAR(used.window.used(used.spent + 100, start + 1h), 0.02, 1e-9) << "answers overtake each other";
}

TEST(UtilisationWindow, AResetThatCannotBeIsNotBelieved) {
  UtilisationWindow window(5h, false, start);
  window.observe(0.5, Duration(300 * 24h), 1, start);
  EXPECT_EQ(window.end(), start + 5h);
  window.observe(0.5, -Duration(1h), 1, start);
  EXPECT_EQ(window.end(), start + 5h);
}

TEST(UtilisationWindow, SurvivesARestart) {
  Used used;
  StateWriter out({used.now, 1e9});
  used.window.fields(out);
  const auto bytes = out.take();
  const TimePoint later = start + 1min;
  StateReader in(bytes, {later, 1e9 + 60});
  UtilisationWindow read(1s, true, later);
  read.fields(in);
  ASSERT_TRUE(in.ok() && read.usable(later));
  EXPECT_EQ(read.length(), Duration(5h));
  EXPECT_NEAR(read.used(0, later), 0.8, 1e-9);
  EXPECT_NEAR(in_seconds(read.end() - (start + 2h)), 0, 0.01);
  EXPECT_NEAR(read.used(1000, later), 0.81, 1e-6);
}
}  // namespace
}  // namespace hivemind
