#include "ring.h"

namespace hivemind::tap {

CellClaim claim_cell(hm_tap_ring& ring) {
  // Others may overtake us, and retired cells are stepped over: at most this often.
  constexpr int most_attempts = 64;
  for (int i = 0; i < most_attempts; ++i) {
    uint64_t position = __atomic_load_n(&ring.tail, __ATOMIC_RELAXED);
    hm_tap_cell& cell = ring.cells[position % HM_TAP_CELLS];
    const uint64_t free = 2 * (position / HM_TAP_CELLS);
    const uint64_t state = __atomic_load_n(&cell.state, __ATOMIC_ACQUIRE);
    if (state < free) break;                                // not read yet
    if (state > free && state != HM_TAP_RETIRED) continue;  // the tail has moved on
    if (!__atomic_compare_exchange_n(&ring.tail, &position, position + 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
        state == HM_TAP_RETIRED) {
      continue;
    }
    cell.lost = __atomic_load_n(&ring.lost, __ATOMIC_ACQUIRE);
    return {&cell, state};
  }
  __atomic_fetch_add(&ring.lost, 1, __ATOMIC_ACQ_REL);
  return {};
}

void publish_cell(const CellClaim& claim) {
  uint64_t state = claim.state;  // no longer that when the reader gave the cell up
  __atomic_compare_exchange_n(&claim.cell->state, &state, claim.state + 1, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}
}  // namespace hivemind::tap
