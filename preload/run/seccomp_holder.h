// seccomp_holder.h - a tiny process that keeps a filter's listener open, so that the run's processes outlive a killed
// hivemind-run: without a listener every connect would fail with ENOSYS for as long as they live.
// Lets every held call go when nobody supervises, and while hivemind-run is stopped. Ends with the last process that
// the filter holds.
#pragma once
#include "hivemind/token_table.h"
#include "preload/run/seccomp_in_hand.h"

namespace hivemind::run {
// Its pid, or -1: errno says why.
int start_holder(int notify, InHand& in_hand, hm_table& table);
}  // namespace hivemind::run
