#include "preload/slots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "table.h"

namespace hivemind {
namespace {

class Slots : public testing::Test {
protected:
  std::unique_ptr<hm_table> table_ = empty_table();
  uint32_t state_of(const Claim& claim) const { return table_->slots[claim.index].state & HM_STATE_MASK; }
  void set_state(const Claim& claim, hm_slot_state state) {
    uint32_t& word = table_->slots[claim.index].state;
    word = (word & ~HM_STATE_MASK) | state;
  }
};

TEST_F(Slots, LifeOfAClaim) {
  const Claim claim = claim_slot(*table_);
  ASSERT_TRUE(claim.is_held());
  EXPECT_EQ(state_of(claim), HM_CLAIMED);
  EXPECT_TRUE(hm_is_token(claim.token()));
  publish_slot(*table_, claim);
  EXPECT_EQ(state_of(claim), HM_LIVE);
  free_slot(*table_, claim);
  EXPECT_EQ(state_of(claim), HM_FREE);
}

TEST_F(Slots, EveryClaimIsAnotherToken) {
  std::set<uint32_t> seen;
  for (uint32_t i = 0; i < 3 * HM_SLOT_COUNT; ++i) {
    const Claim claim = claim_slot(*table_);
    EXPECT_TRUE(seen.insert(claim.token()).second) << i;
    free_slot(*table_, claim);
  }
}

TEST_F(Slots, FullTableGivesNone) {
  for (uint32_t i = 0; i < HM_SLOT_COUNT; ++i) ASSERT_TRUE(claim_slot(*table_).is_held());
  EXPECT_FALSE(claim_slot(*table_).is_held());
}

TEST_F(Slots, OneFreeSlotIsFoundWhereverItIs) {
  std::vector<Claim> claims;
  for (uint32_t i = 0; i < HM_SLOT_COUNT; ++i) claims.push_back(claim_slot(*table_));
  free_slot(*table_, claims[77]);
  EXPECT_EQ(claim_slot(*table_).index, claims[77].index);
}

TEST_F(Slots, FreeingSparesAnAcceptedSlot) {
  const Claim claim = claim_slot(*table_);
  publish_slot(*table_, claim);
  set_state(claim, HM_ACCEPTED);
  free_slot(*table_, claim);
  EXPECT_EQ(state_of(claim), HM_ACCEPTED);
}

TEST_F(Slots, FreeingSparesTheNextHolder) {
  const Claim old = claim_slot(*table_);
  free_slot(*table_, old);
  table_->cursor = old.index;
  const Claim next = claim_slot(*table_);
  ASSERT_EQ(next.index, old.index);
  free_slot(*table_, old);
  EXPECT_EQ(state_of(next), HM_CLAIMED);
}

TEST_F(Slots, FoundByItsTokenOnly) {
  const Claim claim = claim_slot(*table_);
  hm_slot copy;
  EXPECT_FALSE(find_slot(*table_, claim.token(), copy)) << "not filled yet";
  table_->slots[claim.index].port = 443;
  publish_slot(*table_, claim);
  ASSERT_TRUE(find_slot(*table_, claim.token(), copy));
  EXPECT_EQ(copy.port, 443);
  EXPECT_FALSE(find_slot(*table_, claim.token() ^ 1u << HM_SLOT_BITS, copy)) << "another generation";
  EXPECT_FALSE(find_slot(*table_, 0x7F000001, copy)) << "no token";
  free_slot(*table_, claim);
  EXPECT_TRUE(find_slot(*table_, claim.token(), copy)) << "contents stay until it is claimed again";
  table_->cursor = claim.index;
  claim_slot(*table_);
  EXPECT_FALSE(find_slot(*table_, claim.token(), copy));
}

TEST_F(Slots, AbandonedIsLiveAndOld) {
  for (uint32_t i = 0; i < HM_SLOT_COUNT; ++i) publish_slot(*table_, claim_slot(*table_));
  for (auto& slot : table_->slots) slot.claimed_ns = 1'000;
  Claim fifth{.index = 5, .state = 0}, sixth{.index = 6, .state = 0};
  table_->slots[fifth.index].claimed_ns = 10;
  table_->slots[sixth.index].claimed_ns = 10;
  set_state(fifth, HM_ACCEPTED);
  const uint64_t now = 10 + abandoned_after_ns;
  EXPECT_FALSE(claim_abandoned(*table_, now - 1).is_held());
  const Claim claim = claim_abandoned(*table_, now);
  EXPECT_EQ(claim.index, 6u);
  EXPECT_EQ(state_of(claim), HM_CLAIMED);
  EXPECT_FALSE(claim_abandoned(*table_, now).is_held());
}

TEST_F(Slots, ThreadsNeverShareASlot) {
  std::vector<std::atomic<int>> holders(HM_SLOT_COUNT);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        const Claim claim = claim_slot(*table_);
        ASSERT_TRUE(claim.is_held());
        EXPECT_EQ(holders[claim.index].fetch_add(1), 0);
        publish_slot(*table_, claim);
        holders[claim.index].fetch_sub(1);
        free_slot(*table_, claim);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& slot : table_->slots) EXPECT_EQ(slot.state & HM_STATE_MASK, HM_FREE);
}
}  // namespace
}  // namespace hivemind
