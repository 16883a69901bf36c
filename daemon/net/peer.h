// peer.h - who is at the other end of a loopback connection.
#pragma once
#include <sys/types.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "net/unique_fd.h"

namespace hivemind {

// The client's end of a connection, as the kernel knows it.
struct PeerSocket {
  uid_t uid = 0;
  bool open = false;  // a process still has a descriptor of it; closed by all: false, also while it lingers in FIN-WAIT
  std::uint32_t inode = 0;  // what /proc/PID/fd calls it
};

// Asks the kernel (NETLINK_SOCK_DIAG) about the other end: a token that was guessed by another user is worth nothing,
// and a client that closed is told from one that only ended its sending side. Event-loop thread only; a query is a pair
// of system calls, microseconds.
class PeerSockets {
public:
  // The socket whose local end is `client` and whose peer is `server`; one that is gone is not open. nullopt where the
  // kernel cannot tell (no inet_diag).
  std::optional<PeerSocket> find(const boost::asio::ip::tcp::endpoint& client,
                                 const boost::asio::ip::tcp::endpoint& server);

private:
  UniqueFd netlink_;
  std::uint32_t sequence_ = 0;
  bool unavailable_ = false;
};

// What executable a process runs: /proc/PID/exe, or empty when it is gone.
std::string executable_of(std::int32_t pid);
// Whose process it is and which session (setsid) it belongs to, as what one starts in one place: "uid 1000 session
// 4711".
std::string session_of(std::int32_t pid);
}  // namespace hivemind
