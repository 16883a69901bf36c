// seccomp_filter.h - which system calls of a run are held for its supervisor: connect, and the first send of a fast
// open, whose flags are in a register. Every other call runs as if there were no filter.
// The filter cannot see a sockaddr, so connects of UNIX sockets are held too. 32-bit programs share the run: their
// connect, also by socketcall, is held; their fast opens are not.
#pragma once
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <vector>

namespace hivemind::run {
// `x32`: the kernel runs x32 programs, whose connect is then held as well.
std::vector<sock_filter> held_calls(bool x32);
bool kernel_runs_x32();

struct Filter {
  int listener = -1;           // or -errno
  bool rights_locked = false;  // PR_SET_NO_NEW_PRIVS was needed: sudo and setuid programs gain nothing from here on
};
// For this thread and all it starts, for ever.
Filter install_filter();
}  // namespace hivemind::run
