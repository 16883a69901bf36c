// route.h - decides where a connect goes, from what is known without asking the kernel, then from what the socket is.
// Pure. The order is the point: an uncaptured connect is let go by its port alone.
#pragma once
#include <stdint.h>

#include "endpoint.h"
#include "policy.h"

namespace hivemind {

enum class Route {
  direct,     // none of ours
  by_port,    // direct: the port is not captured
  by_name,    // direct: resolved only from names that are no LLM host
  by_socket,  // direct: this socket cannot be redirected
  redirect,
  redirect_made_dual,  // redirect after IPV6_V6ONLY is cleared
};

// The first half: by destination. `redirect` here means "ask about the socket".
// `name` is what the process resolved the address from.
Route route_by_destination(const hm_policy& policy, uint16_t listener_port, const Endpoint& to, HostKind name);

struct SocketFacts {
  int protocol = 0;              // SO_PROTOCOL: tells TCP from all else, UNIX and UDP too
  bool unconnected = false;      // no connect, listen or pending connect on it yet
  bool on_other_device = false;  // SO_BINDTODEVICE, and not lo
  bool of_other_user = false;    // who made it is not whose run it is
  bool v6only = false;           // IPV6_V6ONLY
  bool bound = false;            // asked only when v6only
};

// The second half: by socket.
Route route_by_socket(const SocketFacts& socket);

// What a failed connect (or first send) to the token means.
enum class AfterError {
  keep,     // the kernel goes on with it, or the socket is past changing: the result stands
  give_up,  // it ended, and the original address would fail the same way or hang: the result stands, the slot is free
  retry,    // the token cannot be reached from this socket: the original address, as without us
};
AfterError after_error(int error, uint16_t family, bool still_unconnected);
}  // namespace hivemind
