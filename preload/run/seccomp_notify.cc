#include "preload/run/seccomp_notify.h"

#include <sys/ioctl.h>

namespace hivemind::run {
namespace {
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
constexpr std::uint64_t sync_wake_up = 1;

bool answer(int listener, seccomp_notif_resp response) {
  return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}
}  // namespace

void wake_callers_in_place(int listener) { ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, sync_wake_up); }

bool receive_call(int listener, seccomp_notif& into) { return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &into) == 0; }

bool is_still_held(int listener, std::uint64_t id) { return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0; }

bool let_go(int listener, std::uint64_t id) {
  return answer(listener, {.id = id, .val = 0, .error = 0, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE});
}

bool end_call(int listener, std::uint64_t id, std::int64_t result) {
  const bool failed = result < 0;
  return answer(
      listener,
      {.id = id, .val = failed ? 0 : result, .error = failed ? static_cast<std::int32_t>(result) : 0, .flags = 0});
}
}  // namespace hivemind::run
