// peer.h - who is at the other end of a loopback connection.
#pragma once
#include <sys/types.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "net/unique_fd.h"

namespace hivemind {

// Asks the kernel (NETLINK_SOCK_DIAG) for the owner of the client's socket: a token that was guessed by another user
// is worth nothing. Event-loop thread only; a query is a system call pair on loopback, microseconds.
class PeerOwner {
public:
  // uid of the socket whose local end is `client` and whose peer is `server`; nullopt where the kernel cannot tell (no
  // inet_diag), in which case the token alone decides.
  std::optional<uid_t> uid_of(const boost::asio::ip::tcp::endpoint& client, const boost::asio::ip::tcp::endpoint& server);

private:
  UniqueFd netlink_;
  bool unavailable_ = false;
};

// What executable a process runs: /proc/PID/exe, or empty when it is gone.
std::string executable_of(std::int32_t pid);
}  // namespace hivemind
