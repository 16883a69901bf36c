// run_setup.h - everything a run needs before its command starts, or the sentence why there is no run.
#pragma once
#include <memory>

#include "preload/run/agent.h"
#include "preload/run/daemon_start.h"
#include "preload/run/directories.h"
#include "preload/run/flags.h"
#include "preload/run/listener.h"
#include "preload/run/run_table.h"

namespace hivemind::run {
struct RunSetup {
  hm_hello hello;
  Listener listener;
  RunTable table;
  Link link;
  DaemonCommand daemon;
  ProcessEnvironment agent_environment;
  std::vector<std::string> remarks;  // for the user
};
// Leaves nothing behind when it fails.
Result<RunSetup> set_up_run(const Flags& flags, const ProcessEnvironment& environment);
}  // namespace hivemind::run
