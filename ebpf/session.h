// session.h - the helper's side of one run, from its request until its last process has ended.
// Invariant: capture lasts as long as hivemind-run holds its end of the socket, and not a moment longer.
#pragma once

namespace hivemind::ebpf {
// Serves one hivemind-run on `socket`. Returns when its run is over and its cgroup gone.
void serve_run(int socket);
// Whether a run started here could be captured. Throws Refusal.
void try_out();
}  // namespace hivemind::ebpf
