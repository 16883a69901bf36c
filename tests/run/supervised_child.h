// supervised_child.h - a process under the filter, whose held calls the test answers.
#pragma once
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "preload/run/seccomp_handover.h"
#include "preload/run/seccomp_notify.h"
#include "preload/run/seccomp_probe.h"

namespace hivemind::run {
class SupervisedChild {
public:
  // Ends with what `work` returns.
  explicit SupervisedChild(const std::function<int()>& work) {
    EXPECT_TRUE(handover_.open());
    pid_ = ::fork();
    if (pid_ == 0) ::_exit(handover_.give(install_filter()) ? work() : 99);
    auto handed = handover_.take();
    EXPECT_TRUE(handed.listener) << why_no_filter(handed.error);
    listener_ = std::move(handed.listener);
    handover_.say_it_is_watched();
  }
  ~SupervisedChild() {
    listener_.reset();
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }
  SupervisedChild(const SupervisedChild&) = delete;
  SupervisedChild& operator=(const SupervisedChild&) = delete;

  int pid() const { return pid_; }
  int listener() const { return listener_.get(); }
  bool next(seccomp_notif& held) {
    pollfd ready{listener_.get(), POLLIN, 0};
    return ::poll(&ready, 1, 10'000) == 1 && (ready.revents & POLLIN) != 0 && receive_call(listener_.get(), held);
  }
  int status() {
    int status = -1;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

private:
  ListenerHandover handover_;
  UniqueFd listener_;
  pid_t pid_ = -1;
};

// Whether processes can be supervised where this test runs.
#define SKIP_WITHOUT_SUPERVISION() \
  if (const auto why = why_no_supervision(); !why.empty()) GTEST_SKIP() << why
}  // namespace hivemind::run
