#include "preload/run/signals.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>

namespace hivemind::run {
namespace {
void unblock(int number) {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
}
}  // namespace

Signals Signals::take_over() {
  Signals signals;
  sigset_t ours;
  sigfillset(&ours);
  // Faults of our own stay deadly; a background job that writes to its terminal stays subject to `stty tostop`.
  constexpr std::array left_alone{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU};
  for (const int number : left_alone) sigdelset(&ours, number);
  ::sigprocmask(SIG_SETMASK, &ours, &signals.given_mask_);
  // A parent that ignores SIGCHLD would keep waitpid from telling how the agent ended.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &standard, &signals.given_child_);
  signals.fd_.reset(::signalfd(-1, &ours, SFD_NONBLOCK | SFD_CLOEXEC));
  return signals;
}

void Signals::restore() const {
  ::sigaction(SIGCHLD, &given_child_, nullptr);
  ::sigprocmask(SIG_SETMASK, &given_mask_, nullptr);
}

Signals::Received Signals::next() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return {};
  return {static_cast<int>(info.ssi_signo), info.ssi_code <= 0, static_cast<int>(info.ssi_pid)};
}

FileLimitIsAnError::FileLimitIsAnError() {
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignored, &given_);
}
FileLimitIsAnError::~FileLimitIsAnError() { ::sigaction(SIGXFSZ, &given_, nullptr); }

void stop_like(int number) {
  struct sigaction standard {
  }, before{};
  standard.sa_handler = SIG_DFL;
  if (number != SIGSTOP) ::sigaction(number, &standard, &before);
  sigset_t mask;
  ::sigprocmask(SIG_SETMASK, nullptr, &mask);
  ::kill(::getpid(), number);  // while it is blocked: one that the terminal sent and this one are one
  unblock(number);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  if (number != SIGSTOP) ::sigaction(number, &before, nullptr);
}

void die_like(int status) {
  if (WIFEXITED(status)) ::_exit(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  const rlimit no_core{0, 0};  // the agent has dumped its own
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::prctl(PR_SET_DUMPABLE, 0);
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(number, &standard, nullptr);
  unblock(number);
  ::kill(::getpid(), number);
  ::_exit(128 + number);  // the first process of a container cannot be killed that way
}
}  // namespace hivemind::run
