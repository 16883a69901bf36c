// ring.h - writes records into a tap ring (hivemind/tap_ring.h). Pure: works on any hm_tap_ring.
// Lock-free: a claim is one compare-and-swap, so a signal handler, a vfork child or a death in between costs at most
// one cell, which the reader retires.
#pragma once
#include "hivemind/tap_ring.h"

namespace hivemind::tap {

struct CellClaim {
  hm_tap_cell* cell = nullptr;  // the caller's to fill, or nullptr when the ring is full
  uint64_t state = 0;
};
// Counts a loss when there is no free cell. `cell->lost` is filled in.
CellClaim claim_cell(hm_tap_ring& ring);
void publish_cell(const CellClaim& claim);
}  // namespace hivemind::tap
