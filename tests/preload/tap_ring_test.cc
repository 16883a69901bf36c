#include "preload/tap/ring.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "preload/run/tap_reader.h"

namespace hivemind {
namespace {
using run::TapReader;
using tap::CellClaim;
using tap::claim_cell;
using tap::publish_cell;

constexpr std::uint64_t now = 1'000'000'000, later = 4'000'000'000;

class TapRing : public testing::Test {
protected:
  bool write(std::int64_t result) {
    const CellClaim claim = claim_cell(*ring_);
    if (!claim.cell) return false;
    claim.cell->result = result;
    publish_cell(claim);
    return true;
  }
  std::int64_t read(std::uint64_t at = now) { return reader_.next(record_, at) ? record_.result : -1; }

  std::unique_ptr<hm_tap_ring> ring_ = std::make_unique<hm_tap_ring>();
  TapReader reader_{*ring_};
  hm_tap_cell record_{};
};

TEST_F(TapRing, GivesBackInOrderOverManyLaps) {
  EXPECT_EQ(read(), -1);
  std::int64_t wanted = 0;
  for (std::int64_t i = 0; i < 3 * HM_TAP_CELLS; i += 3) {
    for (int j = 0; j < 3; ++j) ASSERT_TRUE(write(i + j));
    for (int j = 0; j < 3; ++j) ASSERT_EQ(read(), wanted++);
  }
  EXPECT_EQ(read(), -1);
  EXPECT_EQ(reader_.lost(), 0u);
}

TEST_F(TapRing, FullRingLosesTheNewest) {
  for (std::int64_t i = 0; i < HM_TAP_CELLS; ++i) ASSERT_TRUE(write(i));
  EXPECT_FALSE(write(-2));
  EXPECT_FALSE(write(-3));
  EXPECT_EQ(reader_.lost(), 2u);
  EXPECT_EQ(read(), 0);
  EXPECT_EQ(record_.lost, 0u);
  EXPECT_TRUE(write(7));
  for (std::int64_t i = 1; i < HM_TAP_CELLS; ++i) ASSERT_EQ(read(), i);
  EXPECT_EQ(read(), 7);
  EXPECT_EQ(record_.lost, 2u) << "what came after the gap says so";
}

TEST_F(TapRing, DeadWriterCostsItsCell) {
  write(1);
  const CellClaim dead = claim_cell(*ring_);
  write(2);
  EXPECT_EQ(read(now), 1);
  EXPECT_EQ(read(now), -1) << "it may still be writing";
  EXPECT_EQ(read(later), 2);
  EXPECT_EQ(record_.lost, 1u);
  EXPECT_EQ(reader_.lost(), 1u);
  publish_cell(dead);  // it was only slow
  for (std::int64_t i = 0; i < 2 * HM_TAP_CELLS; ++i) {
    ASSERT_TRUE(write(i));
    ASSERT_EQ(read(later), i) << "the cell is stepped over, lap after lap";
  }
}

TEST_F(TapRing, ManyWriters) {
  constexpr int writers = 4, each = 50'000;
  std::vector<std::thread> threads;
  std::atomic<int> done{0}, lost{0};
  for (int t = 0; t < writers; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) lost += write(t * each + i) ? 0 : 1;
      ++done;
    });
  }
  std::set<std::int64_t> seen;
  std::int64_t last[writers];
  std::fill(std::begin(last), std::end(last), -1);
  for (bool ended = false;;) {
    if (const auto value = read(); value >= 0) {
      ASSERT_TRUE(seen.insert(value).second) << "given twice";
      ASSERT_GT(value, last[value / each]) << "one writer's records stay in order";
      last[value / each] = value;
    } else if (ended) {
      break;
    } else {
      ended = done == writers;
    }
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(seen.size() + static_cast<std::size_t>(lost), std::size_t{writers} * each);
  EXPECT_EQ(reader_.lost(), static_cast<std::uint64_t>(lost));
}
}  // namespace
}  // namespace hivemind
