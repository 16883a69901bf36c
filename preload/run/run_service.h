// run_service.h - keeps the run's connections served for as long as somebody needs them.
// Invariant: at any time either a daemon has the listener, or (fail open) our relay accepts on it, or (fail closed)
// connections wait in its backlog, at most 30 s. None is ever refused for want of a daemon.
// Nothing here waits: the caller polls what watch() names, for at most timeout_ms(), and calls turn().
#pragma once
#include <poll.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "preload/run/capture.h"
#include "preload/run/daemon_start.h"
#include "preload/run/handover.h"
#include "preload/run/listener.h"
#include "preload/run/rehandover.h"
#include "preload/run/relay.h"
#include "preload/run/run_table.h"

namespace hivemind::run {
class RunService {
public:
  RunService(Link link, const hm_hello& hello, Listener& listener, RunTable& table, DaemonCommand daemon,
             ProcessEnvironment daemon_environment, Capture* capture);
  void watch(std::vector<pollfd>& list) const;
  int timeout_ms() const;
  void turn();
  // Once nobody of the run lives: what a connection's agent wrote before it ended still reaches its server; waits at
  // most 2 s, and only if there is such.
  void finish_relaying();
  // All daemons of the run together; asks the present one and waits for it at most 1 s.
  hm_summary final_summary();

private:
  void read_messages();
  void lose_daemon(bool on_purpose);
  void try_again();
  void take_back(Link link);

  std::vector<int> descriptors() const;  // to hand over
  void relay_connections(bool whether);
  void reset_waiting(std::uint64_t since_before_ns);
  void sweep(std::uint64_t now_ns);
  std::uint64_t carried() const;

  // By which connections reach us: the run's own, and the capture's.
  struct Way {
    Way(Listener& a_listener, RunTable& a_table)
        : listener(a_listener), table(a_table), relay(a_table, a_listener.socket.get()) {}
    Listener& listener;
    RunTable& table;
    Relay relay;
  };

  Link link_;
  hm_hello hello_;
  DaemonCommand daemon_;
  ProcessEnvironment environment_;
  std::deque<Way> ways_;
  Capture* capture_;  // null: the tier needs none
  std::optional<Rehandover> rehandover_;
  hm_summary before_{}, last_{};  // of daemons that died, of the present one
  bool asked_ = false;
  unsigned attempts_ = 0;
  bool may_start_ = true;
  std::uint64_t carried_before_ = 0;
  std::uint64_t served_since_ = 0, away_since_ = 0;
  std::uint64_t next_summary_ = 0, next_sweep_ = 0, next_attempt_ = 0, next_look_ = 0;
};
}  // namespace hivemind::run
