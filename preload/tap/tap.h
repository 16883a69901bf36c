// tap.h - whether this process is tapped, and into which ring.
// Invariant: decided once per program image, from its environment. Off - for the kill switch, a privileged program, no
// ring or one we cannot trust - means every hook is the function it stands before.
#pragma once
#include "hivemind/tap_ring.h"

namespace hivemind::tap {

// The ring, or nullptr when off. Before our constructor ran it decides from `environ`, if libc has set that already.
hm_tap_ring* current_ring();
}  // namespace hivemind::tap
