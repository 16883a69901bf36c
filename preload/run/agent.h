// agent.h - CMD as our child, in our process group, with the terminal.
// PR_SET_PDEATHSIG is not used: an agent outlives a killed hivemind-run as it would outlive a killed shell.
#pragma once
#include <string>
#include <vector>

#include "preload/run/capture.h"
#include "preload/run/process_environment.h"
#include "preload/run/signals.h"

namespace hivemind::run {
struct Command {
  std::string path;                    // to exec
  std::vector<std::string> arguments;  // from argv[0] on
};
// Becomes the command; returns the exit status of a shell that could not, having said why.
int become(const Command& command, ProcessEnvironment environment);

class Agent {
public:
  // -1 in pid(): no process could be made, errno says why. `capture` may be null; where it does not take, the command
  // runs without it, or with `fail_closed` does not run.
  static Agent start(const Command& command, const ProcessEnvironment& environment, const Signals& signals,
                     Capture* capture, bool fail_closed);
  int pid() const { return pid_; }
  const std::string& not_captured() const { return not_captured_; }  // why; empty: it is, or nothing was to be done
  bool ended() const { return ended_; }
  int status() const { return status_; }  // as waitpid gives it, once ended

  // Passes on what was sent to us and follows the agent when it stops, continues or ends.
  void receive(const Signals::Received& signal);

private:
  void look();
  int pid_ = -1;
  bool ended_ = false;
  int status_ = 0;
  std::string not_captured_;
};
}  // namespace hivemind::run
