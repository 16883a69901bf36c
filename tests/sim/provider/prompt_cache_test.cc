#include "sim/provider/prompt_cache.h"

#include <gtest/gtest.h>

namespace hivemind::provider {
namespace {
const TimePoint start{};
const Prompt first = {{1, 1000, false}, {2, 500, true}, {3, 20, false}};
const Prompt next = {{1, 1000, false}, {2, 500, true}, {4, 70, true}, {5, 5, false}};

TEST(PromptCache, ReadsThePrefixThatWasWritten) {
  PromptCache cache;
  auto use = cache.look_up(first, 1, start);
  EXPECT_EQ(use.written, 1500);
  EXPECT_EQ(use.input, 20);
  EXPECT_EQ(use.read, 0);
  cache.commit(first, start);
  use = cache.look_up(next, 1, start + 1s);
  EXPECT_EQ(use.read, 1500);
  EXPECT_EQ(use.written, 70);
  EXPECT_EQ(use.input, 5);
}

TEST(PromptCache, IsReadableOnlyOnceTheResponseHasBegun) {
  PromptCache cache;
  cache.look_up(first, 1, start);
  EXPECT_EQ(cache.look_up(first, 1, start).read, 0);
}

TEST(PromptCache, LivesForItsTimeAfterTheLastUse) {
  PromptCache cache(5min);
  cache.commit(first, start);
  EXPECT_EQ(cache.look_up(first, 1, start + 4min).read, 1500);
  EXPECT_EQ(cache.look_up(first, 1, start + 8min).read, 1500);
  EXPECT_EQ(cache.look_up(first, 1, start + 14min).read, 0);
}

TEST(PromptCache, AnotherBeginningReadsNothing) {
  PromptCache cache;
  cache.commit(first, start);
  EXPECT_EQ(cache.look_up({{9, 1000, false}, {2, 500, true}}, 1, start).read, 0);
}

TEST(PromptCache, StepsReadWholeStepsOnly) {
  PromptCache cache;
  const Prompt long_one = {{1, 1300, true}}, short_one = {{2, 1000, true}};
  cache.commit(long_one, start);
  cache.commit(short_one, start);
  const auto use = cache.look_up(long_one, 128, start);
  EXPECT_EQ(use.read, 1280);
  EXPECT_EQ(use.input, 20);
  EXPECT_EQ(use.written, 0);
  EXPECT_EQ(cache.look_up(short_one, 128, start).read, 0);
}
}  // namespace
}  // namespace hivemind::provider
