#include "route.h"

namespace hivemind {
namespace {

// Where the kernel itself refuses TCP, or where only the caller's scope makes sense of the address.
bool is_beyond_tcp(const Endpoint& to) {
  if (to.is_v4()) {
    const uint32_t first = to.v4() >> 24;
    return first == 0 || first >= 224;  // this network; multicast, reserved, broadcast
  }
  if (to.address[0] == 0xFF || to.is_link_local()) return true;
  for (const uint8_t byte : to.address) {
    if (byte != 0) return false;
  }
  return true;  // ::
}
}  // namespace

Route route_by_destination(const hm_policy& policy, uint16_t listener_port, const Endpoint& to, HostKind name) {
  if (listener_port == 0) return Route::direct;
  const bool loopback = to.is_loopback();
  if (loopback && (to.port == listener_port || (to.is_v4() && hm_is_token(to.v4())))) return Route::direct;
  if (!captures_port(policy, to.port)) return Route::by_port;
  if (is_beyond_tcp(to)) return Route::direct;
  // Local model servers go by many names (localhost, the machine's own): on loopback the port alone decides.
  if (name == HostKind::other && !loopback) return Route::by_name;
  return Route::redirect;
}

Route route_by_socket(const SocketFacts& socket) {
  if (socket.protocol != abi::ipproto_tcp && socket.protocol != abi::ipproto_mptcp) return Route::direct;
  if (!socket.unconnected)
    return Route::direct;  // EALREADY, EISCONN or its pending result: the address no longer counts
  if (socket.on_other_device || socket.of_other_user) return Route::by_socket;
  if (socket.v6only) return socket.bound ? Route::by_socket : Route::redirect_made_dual;
  return Route::redirect;
}

AfterError after_error(int error, uint16_t family, bool still_unconnected) {
  switch (error) {
    case abi::einprogress:
    case abi::eintr:
      return AfterError::keep;
    case abi::etimedout:
      return AfterError::give_up;
    // An AF_INET6 socket that was refused over IPv4 never again gets through over IPv6.
    case abi::econnrefused:
      if (family == abi::af_inet6) return AfterError::give_up;
      break;
    default:
      break;
  }
  return still_unconnected ? AfterError::retry : AfterError::keep;
}
}  // namespace hivemind
