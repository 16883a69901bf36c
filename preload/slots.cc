#include "slots.h"

#include "bytes.h"

namespace hivemind {
namespace {

bool take_slot(hm_table& table, uint32_t index, uint32_t expected, Claim& claim) {
  const uint32_t claimed = ((expected >> HM_STATE_SHIFT) + 1) << HM_STATE_SHIFT | HM_CLAIMED;
  if (!__atomic_compare_exchange_n(&table.slots[index].state, &expected, claimed, false, __ATOMIC_ACQ_REL,
                                   __ATOMIC_RELAXED)) {
    return false;
  }
  __atomic_thread_fence(__ATOMIC_RELEASE);  // no new content is seen under the old generation
  claim.index = index;
  claim.state = claimed;
  return true;
}
}  // namespace

Claim claim_slot(hm_table& table) {
  Claim claim;
  const uint32_t start = __atomic_fetch_add(&table.cursor, 1, __ATOMIC_RELAXED);
  for (uint32_t i = 0; i < HM_SLOT_COUNT; ++i) {
    const uint32_t index = (start + i) % HM_SLOT_COUNT;
    const uint32_t state = __atomic_load_n(&table.slots[index].state, __ATOMIC_ACQUIRE);
    if ((state & HM_STATE_MASK) == HM_FREE && take_slot(table, index, state, claim)) break;
  }
  return claim;
}

Claim claim_abandoned(hm_table& table, uint64_t now_ns) {
  Claim claim;
  for (uint32_t i = 0; i < HM_SLOT_COUNT; ++i) {
    const uint32_t state = __atomic_load_n(&table.slots[i].state, __ATOMIC_ACQUIRE);
    const uint64_t claimed_ns = __atomic_load_n(&table.slots[i].claimed_ns, __ATOMIC_RELAXED);
    if ((state & HM_STATE_MASK) != HM_LIVE || now_ns < claimed_ns + abandoned_after_ns) continue;
    if (take_slot(table, i, state, claim)) break;
  }
  return claim;
}

void publish_slot(hm_table& table, const Claim& claim) {
  __atomic_store_n(&table.slots[claim.index].state, (claim.state & ~HM_STATE_MASK) | HM_LIVE, __ATOMIC_RELEASE);
}

void free_slot(hm_table& table, const Claim& claim) {
  const uint32_t generation = claim.state & ~HM_STATE_MASK;
  uint32_t claimed = generation | HM_CLAIMED;
  uint32_t live = generation | HM_LIVE;
  uint32_t* const state = &table.slots[claim.index].state;
  if (!__atomic_compare_exchange_n(state, &live, generation | HM_FREE, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    __atomic_compare_exchange_n(state, &claimed, generation | HM_FREE, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
  }
}

bool find_slot(const hm_table& table, uint32_t token, hm_slot& copy) {
  const uint32_t index = hm_token_slot(token);
  const hm_slot& slot = table.slots[index];
  const uint32_t state = __atomic_load_n(&slot.state, __ATOMIC_ACQUIRE);
  if (!hm_is_token(token) || hm_token(index, state) != token || (state & HM_STATE_MASK) == HM_CLAIMED) return false;
  copy_bytes(&copy, &slot, sizeof copy);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  const uint32_t after = __atomic_load_n(&slot.state, __ATOMIC_RELAXED);
  return after >> HM_STATE_SHIFT == state >> HM_STATE_SHIFT;
}
}  // namespace hivemind
