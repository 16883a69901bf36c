// window_headers.h - what heads of subscriptions tell of long windows (providers.md §1.8, §4): shares, never numbers.
// What cannot be (no number, negative, far above 1, a reset a year away) is as if it had not been said.
#pragma once
#include <vector>

#include "core/http_head.h"
#include "core/signals.h"

namespace hivemind {

// anthropic-ratelimit-unified-{5h,7d,7d_...}-{utilization,status,reset}, as Claude Code's credentials get them.
void read_unified_windows(const ResponseHead& head, std::vector<LimitReport>& into);
// x-codex-{primary,secondary}-{used-percent,window-minutes,reset-at,reset-after-seconds}, as Codex gets them; also
// those of the limit that x-codex-active-limit names.
void read_codex_windows(const ResponseHead& head, std::vector<LimitReport>& into);
}  // namespace hivemind
