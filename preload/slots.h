// slots.h - claims, publishes and frees slots of the token table. Pure: works on any hm_table, `now` is an argument.
// Lock-free: a claim is one compare-and-swap of the slot's state, so a process may die or fork at any point and loses
// at most the one slot it held.
#pragma once
#include <stdint.h>

#include "hivemind/token_table.h"

namespace hivemind {

struct Claim {
  uint32_t index = HM_SLOT_COUNT;
  uint32_t state = 0;  // with HM_CLAIMED; its generation names the token
  bool is_held() const { return index < HM_SLOT_COUNT; }
  uint32_t token() const { return hm_token(index, state); }
};

// A free slot, now CLAIMED by the caller; not held when there is none.
Claim claim_slot(hm_table& table);

// Takes over a slot that was published and never accepted, long ago, by a process that is gone. For a full table.
template <typename IsGone>
Claim claim_abandoned(hm_table& table, uint64_t now_ns, IsGone is_gone);
constexpr uint64_t abandoned_after_ns = 300'000'000'000u;

// CLAIMED -> LIVE: from here on the daemon may accept it. What was written to the slot before is visible with it.
void publish_slot(hm_table& table, const Claim& claim);

// Frees a slot whose connection did not come about. No effect when it was accepted meanwhile.
void free_slot(hm_table& table, const Claim& claim);

// Copies the slot a token names; false when the token is no longer (or never was) this slot's.
bool find_slot(const hm_table& table, uint32_t token, hm_slot& copy);

// --- how claim_abandoned works
bool take_slot(hm_table& table, uint32_t index, uint32_t expected, Claim& claim);

template <typename IsGone>
Claim claim_abandoned(hm_table& table, uint64_t now_ns, IsGone is_gone) {
  Claim claim;
  for (uint32_t i = 0; i < HM_SLOT_COUNT; ++i) {
    const hm_slot& slot = table.slots[i];
    const uint32_t state = __atomic_load_n(&slot.state, __ATOMIC_ACQUIRE);
    if ((state & HM_STATE_MASK) != HM_LIVE) continue;
    const uint64_t claimed_ns = __atomic_load_n(&slot.claimed_ns, __ATOMIC_RELAXED);
    if (now_ns < claimed_ns + abandoned_after_ns || !is_gone(__atomic_load_n(&slot.pid, __ATOMIC_RELAXED))) continue;
    if (take_slot(table, i, state, claim)) return claim;
  }
  return claim;
}
}  // namespace hivemind
