#include "core/newest_samples.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace hivemind {
namespace {

TEST(NewestSamples, AQuantileIsWhatSortingTheNewestGives) {
  std::mt19937 random(1);
  NewestSamples samples;
  std::vector<float> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back(static_cast<float>(random() % 20));  // some alike
    samples.add(all.back());
    std::vector<float> newest(all.end() - static_cast<std::ptrdiff_t>(std::min(all.size(), NewestSamples::memory)),
                              all.end());
    ASSERT_EQ(samples.count(), newest.size());
    std::sort(newest.begin(), newest.end());
    for (const double part : {0.0, 0.1, 0.5, 0.9, 1.0}) {
      const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(newest.size())));
      ASSERT_EQ(samples.quantile(part), newest[rank == 0 ? 0 : rank - 1]) << i << ' ' << part;
    }
  }
}
}  // namespace
}  // namespace hivemind
