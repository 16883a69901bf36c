// run.h - the run this process belongs to: its token table, mapped, and who we are in it.
// Invariant: decided once per program image, from its environment; after that only read. Off - for the kill switch, a
// privileged program, no table or one we cannot trust - means every hook is the function it stands before.
#pragma once
#include <stdint.h>

#include "hivemind/token_table.h"
#include "names.h"

namespace hivemind {

struct Run {
  hm_table* table;
  NameHints names;
  // The assignments an exec's environment gets back, NUL-terminated: HIVEMIND_TABLE=..., HIVEMIND_PRELOAD=... (empty
  // when we were not told our path) and HIVEMIND_RUN=...
  char table_assignment[16 + 4096];
  char preload_assignment[18 + 4096];
  char run_assignment[14 + 16];
  uint64_t listener_seen_ns;  // (atomic) when the listener was last known to listen
};

// The run, or nullptr when off. Before our constructor ran it decides from `environ`, if libc has set that already.
Run* current_run();

// Adds one to a counter of this process: count(run, &hm_process::captured). Any thread, also in a vfork child.
void count(Run& run, uint32_t hm_process::*counter);

// This process is about to become the program `file` (null: unknown), which will announce itself if it loads us; and
// has not, after all. No errno. Also in a vfork child.
void note_exec(Run& run, const char* file);
void note_failed_exec(Run& run);
// The process `pid` was started for `file`.
void note_spawn(Run& run, int pid, const char* file);

// The index of this process, or HM_PROCESS_COUNT when the table has no room for it.
uint32_t process_index(Run& run);
}  // namespace hivemind
