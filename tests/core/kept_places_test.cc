#include "core/kept_places.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {

const TimePoint t0{std::chrono::hours(1)};

TEST(KeptPlaces, APlaceIsGivenOutOnce) {
  KeptPlaces places;
  places.keep(7, {.rank = 5}, t0);
  EXPECT_FALSE(places.take(8, t0));
  EXPECT_EQ(places.take(7, t0 + 1s)->rank, 5);
  EXPECT_FALSE(places.take(7, t0 + 1s));
}

TEST(KeptPlaces, WithoutABodyThereIsNothingToKnowItBy) {
  KeptPlaces places;
  places.keep(0, {.rank = 5}, t0);
  EXPECT_FALSE(places.take(0, t0));
}

TEST(KeptPlaces, IsBoundedInNumberAndTime) {
  KeptPlaces places;
  for (std::uint64_t i = 1; i <= KeptPlaces::most + 1; ++i) places.keep(i, {}, t0);
  EXPECT_FALSE(places.take(1, t0));
  EXPECT_TRUE(places.take(2, t0));
  EXPECT_FALSE(places.take(3, t0 + KeptPlaces::memory + 1s));
}
}  // namespace
}  // namespace hivemind
