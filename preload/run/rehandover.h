// rehandover.h - hands the run to a daemon again, in a process of its own, because starting one takes time and the
// relay must not wait. Ends that process when destroyed.
#pragma once
#include <optional>

#include "preload/run/daemon_start.h"
#include "preload/run/handover.h"

namespace hivemind::run {
class Rehandover {
public:
  // `may_start`: starts a daemon when none runs; otherwise only looks for one.
  Rehandover(const DaemonCommand& daemon, const ProcessEnvironment& environment, const hm_hello& hello,
             const std::vector<int>& descriptors, bool may_start);
  Rehandover(const Rehandover&) = delete;
  Rehandover& operator=(const Rehandover&) = delete;
  ~Rehandover();
  int fd() const { return result_.get(); }  // readable: result() has one
  std::optional<Result<Link>> result();     // nullopt: not yet

private:
  UniqueFd result_;
  int pid_ = -1;
};
}  // namespace hivemind::run
