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

// Nobody's terminal, pipe, job or signal; but our own alarm interrupts us.
void detach(int listener) {
  ::setsid();
  struct sigaction alarm {};
  alarm.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &alarm, nullptr);
  sigset_t all;
  sigfillset(&all);
  sigdelset(&all, SIGALRM);
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
  ::alarm(1);  // hivemind-run may go on just now and be faster
  if (receive_call(notify, held)) let_go(notify, held.id);
  ::alarm(0);
}

bool is_still_used() {
  pollfd one{notify, 0, 0};
  return ::poll(&one, 1, 0) == 0;
}

// Waits for a moment, and lets go what is held if `nobody` supervises then; false: the filter has nobody left.
template <typename Nobody>
bool let_go_for_a_moment(Nobody nobody) {
  pollfd one{notify, POLLIN, 0};
  ::poll(&one, 1, look_ms / 5);
  if ((one.revents & POLLIN) == 0) return one.revents == 0;
  if (nobody()) let_next_go();
  return true;
}

void follow(int supervisor) {
  const UniqueFd ended(static_cast<int>(::syscall(SYS_pidfd_open, supervisor, 0u)));
  while (ended && is_still_used()) {
    pollfd both[] = {{ended.get(), POLLIN, 0}, {notify, 0, 0}};
    ::poll(both, 2, look_ms);
    if (both[0].revents != 0) return;
    const auto is_stopped = [&] { return state_of(supervisor) == 'T'; };
    while (is_stopped())
      if (!let_go_for_a_moment(is_stopped)) return;
  }
}

[[noreturn]] void hold(InHand& in_hand, hm_table& table) {
  Targets targets(table);
  while (is_still_used()) {
    const int supervisor = in_hand.supervisor().load(std::memory_order_acquire);
    follow(supervisor);
    // A keeper may have taken over; else there is nobody but us.
    const auto is_gone = [&] { return in_hand.supervisor().load(std::memory_order_acquire) == supervisor; };
    if (!is_gone()) continue;
    for (auto* call : in_hand.left_over()) finish_left_over(notify, *call, targets);
    while (is_gone())
      if (!let_go_for_a_moment(is_gone)) break;
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
