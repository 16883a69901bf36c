// processes.h - which entry of the run's process table is a process's own. Pure: works on any hm_table.
// Lock-free: an entry is taken by one compare-and-swap and never given back during a run; a process that has the pid of
// one that ended takes over its entry.
#pragma once
#include <stdint.h>

#include "hivemind/token_table.h"

namespace hivemind {

struct ProcessEntry {
  uint32_t index = HM_PROCESS_COUNT;  // no room: HM_PROCESS_COUNT
  bool is_new = false;                // taken just now: its comm is still to be written
};
// Entries are found by pid: the first of `probes` from the pid's own place on that is its or free.
ProcessEntry find_process(hm_table& table, int pid, uint32_t probes);
}  // namespace hivemind
