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

// For a full table: takes over a slot that was published long ago and never accepted. Its connection never reached the
// listener (a process that died in between, a full backlog, a deferred fast open that was never sent).
Claim claim_abandoned(hm_table& table, uint64_t now_ns);
constexpr uint64_t abandoned_after_ns = 300'000'000'000u;

// CLAIMED -> LIVE: from here on the daemon may accept it. What was written to the slot before is visible with it.
void publish_slot(hm_table& table, const Claim& claim);

// Frees a slot whose connection did not come about. No effect when it was accepted meanwhile.
void free_slot(hm_table& table, const Claim& claim);

// Copies the slot a token names; false when the token is no longer (or never was) this slot's.
bool find_slot(const hm_table& table, uint32_t token, hm_slot& copy);
}  // namespace hivemind
