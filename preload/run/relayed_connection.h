// relayed_connection.h - one connection of the relay: an agent's socket, the original's, and the bytes between them.
// Invariant: once ended() both sockets are closed and the token's slot is free.
#pragma once
#include <cstdint>
#include <memory>

#include "preload/run/run_table.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
class RelayedConnection {
public:
  // Begins to connect to `original`.
  RelayedConnection(UniqueFd client, const Original& original, RunTable& table, int epoll);
  ~RelayedConnection();
  void turn();  // moves what can be moved
  bool ended() const { return !client_.fd; }
  // Once the agent is dead: its server has not all of it. How much waits in the kernel is not known before it is read.
  bool has_parting_words() const { return !ended() && !server_.told_end; }

private:
  struct Side {
    UniqueFd fd;
    std::unique_ptr<char[]> to_write;  // bytes on their way to this side
    std::size_t begin = 0, end = 0;
    bool at_end = false;     // it will send no more
    bool was_reset = false;  // and ended by a reset
    bool told_end = false;   // it was told that no more comes
    bool hung_up = false;    // taken out of epoll: both directions are over
    std::uint32_t watched = 0;
  };
  bool pump(Side& from, Side& to);  // false: nothing can reach `to` any more
  bool finish_connect();
  void watch(Side& side, const Side& other);
  void end(bool reset);

  RunTable& table_;
  int epoll_;
  std::uint32_t slot_;
  bool connecting_ = true;
  Side client_, server_;
};
void reset_connection(UniqueFd& socket);  // closes with a reset
}  // namespace hivemind::run
