// run_setup.h - everything a run needs before its command starts, or the sentence why there is no run.
#pragma once
#include <memory>

#include "preload/run/agent.h"
#include "preload/run/capture.h"
#include "preload/run/daemon_start.h"
#include "preload/run/directories.h"
#include "preload/run/flags.h"
#include "preload/run/listener.h"
#include "preload/run/run_table.h"

namespace hivemind::run {
// Stays where it is made: a capture borrows the listener and the table.
struct RunSetup {
  hm_hello hello;
  Listener listener;
  RunTable table;
  Link link;
  DaemonCommand daemon;
  ProcessEnvironment agent_environment;
  std::vector<std::string> remarks;  // for the user
  std::unique_ptr<Capture> capture;  // null: the tier needs none
};
// Leaves nothing behind when it fails.
Result<std::unique_ptr<RunSetup>> set_up_run(const Flags& flags, const Choice& choice,
                                             const ProcessEnvironment& environment);
}  // namespace hivemind::run
