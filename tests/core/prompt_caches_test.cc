#include "core/prompt_caches.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "tests/core/fleet.h"

namespace hivemind {
namespace {

using Ids = std::vector<std::uint64_t>;
const PromptPrefixes system_only{{1, 5000, 5min}};
// A turn: the system prompt, what the turn before wrote (not marked any more), and its own end.
PromptPrefixes turn(std::uint64_t before, std::uint64_t end) {
  return {{1, 5000, 5min}, {before, 6000, Duration{}}, {end, 8000, 5min}};
}

TEST(PromptCaches, AreHeldFromTheFirstContentOn) {
  PromptCaches caches;
  EXPECT_TRUE(caches.sent(7, system_only, start));
  EXPECT_EQ(caches.held(system_only, start).tokens, 0);
  caches.begun(system_only, start, 1);
  caches.over(7, system_only);
  EXPECT_EQ(caches.held(system_only, start + 4min).tokens, 5000);
  EXPECT_EQ(caches.held(system_only, start + 4min).until, start + 5min);
  EXPECT_EQ(caches.held(system_only, start + 5min).tokens, 0);
}

TEST(PromptCaches, AUseProlongsAndALateOneDoesNotShorten) {
  PromptCaches caches;
  caches.begun(system_only, start + 2min);
  caches.begun(system_only, start + 1min);
  EXPECT_EQ(caches.held(system_only, start + 3min).until, start + 7min);
  caches.begun(PromptPrefixes{{1, 5000, 1h}}, start, 1.0 / 60);  // in a time-scaled minute
  EXPECT_EQ(caches.held(system_only, start + 3min).until, start + 7min);
}

TEST(PromptCaches, TheLongestCounts) {
  PromptCaches caches;
  caches.begun(turn(2, 3), start);
  EXPECT_EQ(caches.held(turn(3, 4), start).tokens, 6000);  // up to where the turn before ended
  EXPECT_EQ(caches.held(turn(9, 4), start).tokens, 5000);
}

TEST(PromptCaches, OneWritesAndOthersMayFollow) {
  PromptCaches caches;
  EXPECT_TRUE(caches.sent(7, turn(2, 3), start));
  EXPECT_TRUE(caches.sent(8, turn(2, 4), start + 1s));  // its own end
  EXPECT_FALSE(caches.sent(9, system_only, start + 1s));
  const auto writing = caches.being_written(turn(5, 6), start + 1s);
  ASSERT_TRUE(writing);
  EXPECT_EQ(writing->writer, 7u);
  EXPECT_EQ(writing->since, start);
  EXPECT_EQ(writing->saves, 5000);
  caches.begun(system_only, start);
  EXPECT_FALSE(caches.being_written(turn(5, 6), start + 2s));
  EXPECT_EQ(caches.being_written(turn(3, 6), start + 2s)->saves, 1000);  // beyond what is held
}

TEST(PromptCaches, FollowersAreGivenBackByWhateverComes) {
  const auto follow = [](PromptCaches& caches) {
    caches.sent(7, system_only, start);
    caches.follow(1, 21);
    caches.follow(1, 20);
    EXPECT_EQ(caches.followed(), 2u);
  };
  PromptCaches begun, over, left, overtaken;
  follow(begun);
  EXPECT_EQ(begun.begun(system_only, start), (Ids{20, 21}));
  EXPECT_EQ(begun.over(7, system_only), Ids{});
  follow(over);
  EXPECT_EQ(over.over(7, system_only), (Ids{20, 21}));
  EXPECT_FALSE(over.being_written(system_only, start));
  EXPECT_TRUE(over.sent(20, system_only, start));  // the next one leads
  follow(left);
  left.unfollow(1, 20);
  EXPECT_EQ(left.followers(), Ids{21});
  follow(overtaken);
  EXPECT_EQ(overtaken.begun(system_only, start + 1s), (Ids{20, 21}));  // of one who did not wait for it
  for (const auto* caches : {&begun, &over, &overtaken}) EXPECT_EQ(caches->followed(), 0u);
}

TEST(PromptCaches, WhereNothingIsReadNothingIsBelieved) {
  PromptCaches caches;
  caches.told(5000, 4000);
  caches.told(5000, 0);
  EXPECT_TRUE(caches.believed());
  caches.told(0, 0);  // nothing was expected
  caches.told(5000, 0);
  EXPECT_FALSE(caches.believed());
  caches.told(0, 2000);
  EXPECT_TRUE(caches.believed());
}

TEST(PromptCaches, RememberABoundedNumber) {
  PromptCaches caches;
  for (std::uint64_t i = 1; i <= PromptCaches::most + 100; ++i) caches.begun({{i, 2000, 5min}}, start + Duration(i));
  EXPECT_EQ(caches.size(), PromptCaches::most);
  EXPECT_EQ(caches.held({{1, 2000, 5min}}, start).tokens, 0);
  EXPECT_EQ(caches.held({{PromptCaches::most + 100, 2000, 5min}}, start).tokens, 2000);
}

// Whatever comes in whatever order: nobody follows where nobody writes, and nothing is left when all are over.
TEST(PromptCaches, LoseNobody) {
  using Event = std::tuple<unsigned char, unsigned char, unsigned char>;
  EXPECT_TRUE(rc::check([](const std::vector<Event>& events) {
    PromptCaches caches;
    std::map<std::uint64_t, PromptPrefixes> running;
    std::map<std::uint64_t, std::uint64_t> following;  // request, prefix
    std::uint64_t last = 0;
    TimePoint now = start;
    const auto released = [&](const Ids& ids) {
      for (const auto id : ids) RC_ASSERT(following.erase(id) == 1);
    };
    for (const auto& [what, which, amount] : events) {
      const PromptPrefixes prefixes = turn(10 + which % 5, 10 + amount % 5);
      now += std::chrono::seconds(amount);
      if (what % 4 == 0) {
        caches.sent(++last, prefixes, now);
        running[last] = prefixes;
      } else if (what % 4 == 1) {
        if (const auto writing = caches.being_written(prefixes, now)) {
          RC_ASSERT(running.count(writing->writer) == 1);
          RC_ASSERT(writing->saves > 0);
          caches.follow(writing->prefix, ++last);
          following[last] = writing->prefix;
        }
      } else if (!running.empty()) {
        const auto one = std::next(running.begin(), which % static_cast<long>(running.size()));
        if (what % 4 == 2) released(caches.begun(one->second, now));
        released(caches.over(one->first, one->second));
        running.erase(one);
      }
      RC_ASSERT(caches.followed() == following.size());
      RC_ASSERT(caches.followers().size() == following.size());
    }
    for (const auto& [id, prefixes] : running) released(caches.over(id, prefixes));
    RC_ASSERT(following.empty() && caches.followed() == 0);
  }));
}

}  // namespace
}  // namespace hivemind
