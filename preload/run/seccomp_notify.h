// seccomp_notify.h - the listener of a filter: receives held calls and says what becomes of them.
// A call may end at any time (its process is killed): then every answer to it is without effect.
#pragma once
#include <linux/seccomp.h>

#include <cstdint>

namespace hivemind::run {
// Who answers and who is answered share a CPU, where the kernel knows how (Linux 6.6).
void wake_callers_in_place(int listener);

// `into` must be zero. False: none was there after all.
bool receive_call(int listener, seccomp_notif& into);
bool is_still_held(int listener, std::uint64_t id);

// It runs as if it had not been held.
bool let_go(int listener, std::uint64_t id);
// It returns this: a value, or -errno.
bool end_call(int listener, std::uint64_t id, std::int64_t result);
}  // namespace hivemind::run
