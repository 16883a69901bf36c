#include "preload/run/seccomp_holder.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/run/descriptors.h"
#include "preload/run/process_status.h"
#include "preload/run/seccomp_notify.h"
#include "preload/run/seccomp_target.h"

namespace hivemind::run {
namespace {
constexpr int notify = 3;      // all it keeps open
constexpr int look_ms = 1000;  // how often it looks whether hivemind-run is stopped

// Nobody's terminal, pipe, job or signal.
void detach(int listener) {
  ::setsid();
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int kept = ::fcntl(listener, F_DUPFD_CLOEXEC, notify + 1);
  ::dup3(kept, notify, O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  close_from(notify + 1);
  if (::chdir("/") != 0) return;
  ::prctl(PR_SET_NAME, "hivemind-holder");
}

void let_next_go() {
  seccomp_notif held{};
  if (receive_call(notify, held)) let_go(notify, held.id);
}

bool is_still_used() {
  pollfd one{notify, 0, 0};
  return ::poll(&one, 1, 0) == 0;
}

// Waits until something is held or a moment has passed; false: the filter has nobody left.
bool let_go_for_a_moment() {
  pollfd one{notify, POLLIN, 0};
  ::poll(&one, 1, look_ms / 5);
  if ((one.revents & POLLIN) != 0) let_next_go();
  return (one.revents & POLLIN) != 0 || one.revents == 0;
}

void follow(int supervisor) {
  const UniqueFd ended(static_cast<int>(::syscall(SYS_pidfd_open, supervisor, 0u)));
  while (ended && is_still_used()) {
    pollfd both[] = {{ended.get(), POLLIN, 0}, {notify, 0, 0}};
    ::poll(both, 2, look_ms);
    if (both[0].revents != 0) return;
    while (state_of(supervisor) == 'T')
      if (!let_go_for_a_moment()) return;
  }
}

[[noreturn]] void hold(InHand& in_hand, hm_table& table) {
  Targets targets(table);
  while (is_still_used()) {
    const int supervisor = in_hand.supervisor().load(std::memory_order_acquire);
    follow(supervisor);
    // A keeper may have taken over; else there is nobody but us.
    if (in_hand.supervisor().load(std::memory_order_acquire) != supervisor) continue;
    for (auto* call : in_hand.left_over()) finish_left_over(notify, *call, targets);
    while (in_hand.supervisor().load(std::memory_order_acquire) == supervisor)
      if (!let_go_for_a_moment()) break;
  }
  ::_exit(0);
}
}  // namespace

int start_holder(int listener, InHand& in_hand, hm_table& table) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  detach(listener);
  hold(in_hand, table);
}
}  // namespace hivemind::run
