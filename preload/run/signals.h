// signals.h - hivemind-run stands between a shell and its job: both must see the signals they would see without it.
// Invariants: the agent starts with the mask and dispositions we were given; what the terminal sends reaches it once,
// by the process group; what somebody sends to us alone is sent on.
#pragma once
#include <signal.h>

#include "preload/run/unique_fd.h"

namespace hivemind::run {
class Signals {
public:
  static Signals take_over();  // from now on they arrive at fd(), and kill nobody
  int fd() const { return fd_.get(); }
  void restore() const;  // in a process that will be something else

  struct Received {
    int number = 0;  // 0: none
    bool by_process = false;
    int sender = 0;
  };
  Received next();

private:
  UniqueFd fd_;
  sigset_t given_mask_{};
  struct sigaction given_child_ {};
};

// While it lives, writing past `ulimit -f` is an error and no signal: it may cost us a file, but not the agent its run.
class FileLimitIsAnError {
public:
  FileLimitIsAnError();
  ~FileLimitIsAnError();
  FileLimitIsAnError(const FileLimitIsAnError&) = delete;

private:
  struct sigaction given_ {};
};

void stop_like(int number);              // stops this process as a signal would; returns when it is continued
[[noreturn]] void die_like(int status);  // ends this process as waitpid's `status` says the agent ended
}  // namespace hivemind::run
