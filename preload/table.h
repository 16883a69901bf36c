// table.h - maps a run's token table.
#pragma once
#include "hivemind/token_table.h"

namespace hivemind {

// The table at `path`, mapped shared, or nullptr: not there, not ours, of another version, damaged. Leaves no
// descriptor behind.
hm_table* map_table(const char* path);
}  // namespace hivemind
