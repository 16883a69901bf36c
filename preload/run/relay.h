// relay.h - carries the run's connections to their original destinations while there is no daemon.
// Invariants: never blocks; holds at most 64 KiB per direction of a connection; what one side does - bytes, end of
// bytes, reset - the other side sees, in that order; a connection without a live token is reset and nothing forwarded.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "preload/run/run_table.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
class RelayedConnection;

class Relay {
public:
  Relay(RunTable& table, int listener);
  ~Relay();
  int poll_fd() const { return epoll_.get(); }  // readable: turn() has something to do
  void accept_connections(bool whether);
  void turn();
  // Accepts and resets up to `count` connections, the longest waiting first.
  void reset_waiting(std::size_t count);
  std::uint64_t carried() const { return carried_; }
  // Bytes of an agent that has ended and are not yet passed on.
  bool has_parting_words() const;

private:
  void accept_some();
  void forget_ended();

  RunTable& table_;
  int listener_;
  UniqueFd epoll_;
  bool accepting_ = false;
  std::vector<std::unique_ptr<RelayedConnection>> connections_;
  std::uint64_t carried_ = 0;
};
}  // namespace hivemind::run
