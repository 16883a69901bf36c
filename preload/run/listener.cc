#include "preload/run/listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace hivemind::run {
Result<Listener> open_listener() {
  Listener listener{UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), 0};
  const int fd = listener.socket.get();
  if (fd < 0) return failed_to("open a socket");
  // An ordinary user may since Linux 5.7. Without it the whole network could reach us: then rather not at all.
  if (::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof "lo") != 0)
    return failed_to("keep the listener to the loopback device (this needs Linux 5.7 or newer)");
  sockaddr_in any{};
  any.sin_family = AF_INET;
  socklen_t size = sizeof any;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&any), sizeof any) != 0 || ::listen(fd, 4096) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&any), &size) != 0)
    return failed_to("listen on the loopback device");
  listener.port = ntohs(any.sin_port);
  return listener;
}
}  // namespace hivemind::run
