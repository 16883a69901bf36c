// capture.h - what a tier other than preload does around the start of the command and while the run lasts.
// Order: begun by start_capture before the run is handed over; then fork; enter() in the child before its exec,
// follow() in hivemind-run at the same time; from then on watch() and turn() in hivemind-run's loop, later in the
// keeper's. Invariant: whatever fails here, the command runs (or with --fail closed is refused); nothing here waits
// without end.
#pragma once
#include <poll.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "preload/run/listener.h"
#include "preload/run/run_table.h"
#include "preload/run/tier.h"

namespace hivemind::run {
// What a capture may use of the run. Borrowed; all of it outlives the capture.
struct CaptureOf {
  RunTable& table;
  const Listener& listener;
  std::string runtime_directory;
};

// A second way in for connections, beside the run's own listener and table: handed over with them.
struct Entrance {
  Listener listener;
  RunTable table;
};

class Capture {
public:
  virtual ~Capture() = default;
  // In the new process, before it becomes the command. What went wrong, or empty.
  virtual std::string enter() = 0;
  // In hivemind-run, while the process `pid` is in enter(). Why capture did not take, or empty.
  virtual std::string follow(int pid) = 0;

  // Null: what it captures comes by the run's own listener.
  virtual Entrance* entrance() { return nullptr; }
  // Where the command's processes are to be found, as a variable and its value for their environment; empty: nowhere
  // special.
  virtual std::pair<std::string, std::string> mark() const { return {}; }
  // The processes that are captured now, as far as the tier knows them.
  virtual std::vector<int> members() const { return {}; }

  virtual void watch(std::vector<pollfd>&) const {}
  virtual int timeout_ms() const { return -1; }  // turn() is due after this long, also when nothing happened; -1: never
  virtual void turn() {}
};

// Why `tier` cannot be had here; empty: it can. The environment tells where the user's own proxy is.
std::string why_not_here(Tier tier, const ProcessEnvironment& environment);
// Null for the tiers that need no Capture: preload, proxy, none.
Result<std::unique_ptr<Capture>> start_capture(Tier tier, const CaptureOf& run);
}  // namespace hivemind::run
