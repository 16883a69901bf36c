#include "preload/run/listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace hivemind::run {
namespace {
UniqueFd open_socket(int family) { return UniqueFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

// `any`: the wildcard address of the socket's family.
Result<Listener> listen_on_loopback(UniqueFd socket, sockaddr_storage any, socklen_t size) {
  Listener listener{std::move(socket), 0};
  const int fd = listener.socket.get();
  if (fd < 0) return failed_to("open a socket");
  // An ordinary user may since Linux 5.7. Without it the whole network could reach us: then rather not at all.
  if (::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof "lo") != 0)
    return failed_to("keep the listener to the loopback device (this needs Linux 5.7 or newer)");
  if (::bind(fd, reinterpret_cast<sockaddr*>(&any), size) != 0 || ::listen(fd, 4096) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&any), &size) != 0)
    return failed_to("listen on the loopback device");
  listener.port = ntohs(reinterpret_cast<sockaddr_in&>(any).sin_port);  // where sin6_port is, too
  return listener;
}
}  // namespace

Result<Listener> open_listener() {
  sockaddr_storage any{};
  any.ss_family = AF_INET;
  return listen_on_loopback(open_socket(AF_INET), any, sizeof(sockaddr_in));
}

Result<Listener> open_dual_listener() {
  UniqueFd socket = open_socket(AF_INET6);
  const int no = 0;
  if (!socket || ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) != 0) return open_listener();
  sockaddr_storage any{};
  any.ss_family = AF_INET6;
  return listen_on_loopback(std::move(socket), any, sizeof(sockaddr_in6));
}
}  // namespace hivemind::run
