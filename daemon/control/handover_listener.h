// handover_listener.h - run.sock: hivemind-run hands over its listener and token table (hivemind/handover.h).
// Invariants: only our own uid gets an answer; a RunHost sees only listeners that listen on TCP and tables that were
// validated; every begun run is ended exactly once, when its connection closes or a newer one hands over the same run.
// Event-loop thread only.
#pragma once
#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "hivemind/handover.h"
#include "net/kernel_table.h"
#include "net/token_table.h"
#include "net/unique_fd.h"

namespace hivemind {

struct HandedEntrance {
  UniqueFd listener;
  KernelTable table;
};

struct HandedRun {
  hm_hello hello;  // strings end in NUL, numbers are in the range handover.h gives
  UniqueFd listener;
  TokenTable table;
  std::optional<HandedEntrance> kernel = {};  // when it is captured in the kernel
};

// Who serves runs. Outlives the io_context.
class RunHost {
public:
  virtual ~RunHost() = default;
  // Serves the run from now on and writes its table's policy. nullopt, or the reason why not, for people.
  virtual std::optional<std::string> begin(HandedRun run) = 0;
  // Of a run that was begun; message type and version are filled in by the caller.
  virtual hm_summary summary(std::uint64_t run_id) = 0;
  virtual void end(std::uint64_t run_id) = 0;
};

// Is gone before the io_context.
class HandoverListener {
public:
  // Listens on `socket` (0600, in a 0700 directory); what a dead daemon left there is replaced, so the caller must hold
  // daemon.lock. `root_bundle` is what runs are told to trust. Throws std::runtime_error when it cannot listen.
  HandoverListener(boost::asio::any_io_executor executor, std::filesystem::path socket, std::string root_bundle,
                   RunHost& host);
  ~HandoverListener();  // stops
  // From now on runs are told that this is the configuration file.
  void tell_config(const std::filesystem::path& file);
  // Accepts no more and removes the socket; the runs that were handed over stay until their connections close.
  void stop();
  // Closes every connection, so that each hivemind-run relays by itself, and tells them why: they look for another
  // daemon but start none. Ends their runs.
  void close_all(const std::string& reason);

private:
  struct State;
  std::shared_ptr<State> state_;
};
}  // namespace hivemind
