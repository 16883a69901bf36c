#include "preload/run/relayed_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

namespace hivemind::run {
namespace {
constexpr std::size_t buffer_size = 65536;

// Past any hook: in a nested run the outer run's preload object is in this process too.
int connect_directly(int fd, const sockaddr* address, socklen_t size) {
  return static_cast<int>(::syscall(SYS_connect, fd, address, size));
}

UniqueFd connect_to(const Original& original) {
  static constexpr std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  sockaddr_in6 six{};
  sockaddr_in four{};
  const bool is_four = std::memcmp(original.address, mapped, sizeof mapped) == 0;
  four.sin_family = AF_INET;
  four.sin_port = htons(original.port);
  std::memcpy(&four.sin_addr, original.address + 12, 4);
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(original.port);
  six.sin6_scope_id = original.scope_id;
  std::memcpy(&six.sin6_addr, original.address, 16);
  UniqueFd fd(::socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fd;
  const int yes = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
  const auto* address = is_four ? reinterpret_cast<const sockaddr*>(&four) : reinterpret_cast<const sockaddr*>(&six);
  if (connect_directly(fd.get(), address, is_four ? sizeof four : sizeof six) != 0 && errno != EINPROGRESS) fd.reset();
  return fd;
}
}  // namespace

void reset_connection(UniqueFd& socket) {
  const linger at_once{1, 0};
  if (socket) ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket.reset();
}

RelayedConnection::RelayedConnection(UniqueFd client, const Original& original, RunTable& table, int epoll)
    : table_(table), epoll_(epoll), slot_(original.slot) {
  const int yes = 1;
  ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  client_.fd = std::move(client);
  server_.fd = connect_to(original);
  if (!server_.fd) {
    end(true);
    return;
  }
  for (Side* side : {&client_, &server_}) {
    epoll_event event{};
    event.data.ptr = this;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, side->fd.get(), &event) == 0) continue;
    end(true);
    return;
  }
  turn();
}

RelayedConnection::~RelayedConnection() { end(true); }

void RelayedConnection::end(bool reset) {
  if (ended()) return;
  // A process forked meanwhile may still hold the sockets, so closing them is not enough for epoll to forget them.
  for (const Side* side : {&client_, &server_})
    if (side->fd && !side->hung_up) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, side->fd.get(), nullptr);
  if (reset) {
    reset_connection(client_.fd);
    reset_connection(server_.fd);
  }
  client_.fd.reset();
  server_.fd.reset();
  table_.release(slot_);
}

// False: still under way, or over.
bool RelayedConnection::finish_connect() {
  pollfd ready{server_.fd.get(), POLLOUT, 0};
  if (::poll(&ready, 1, 0) != 1) return false;
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(server_.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return end(true), false;
  connecting_ = false;
  return true;
}

bool RelayedConnection::pump(Side& from, Side& to) {
  for (bool moved = true; moved;) {
    moved = false;
    if (!from.at_end && to.end < buffer_size) {
      if (!to.to_write) to.to_write = std::make_unique_for_overwrite<char[]>(buffer_size);
      const auto n = ::recv(from.fd.get(), to.to_write.get() + to.end, buffer_size - to.end, 0);
      if (n < 0 && errno != EAGAIN && errno != EINTR) from.was_reset = true;
      if (n == 0 || from.was_reset) from.at_end = true;
      if (n > 0) to.end += static_cast<std::size_t>(n), moved = true;
    }
    if (to.begin < to.end) {
      const auto n = ::send(to.fd.get(), to.to_write.get() + to.begin, to.end - to.begin, MSG_NOSIGNAL);
      if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
      if (n > 0) to.begin += static_cast<std::size_t>(n), moved = true;
      if (to.begin == to.end) to.begin = to.end = 0;
    }
  }
  if (to.begin == to.end) to.to_write.reset();  // an idle connection holds no buffer
  if (from.at_end && to.begin == to.end && !to.told_end) {
    if (from.was_reset) return false;
    ::shutdown(to.fd.get(), SHUT_WR);
    to.told_end = true;
  }
  return true;
}

void RelayedConnection::watch(Side& side, const Side& other) {
  if (side.hung_up) return;
  std::uint32_t wanted = 0;
  const bool connects = connecting_ && &side == &server_;
  if (!connecting_ && !side.at_end && other.end < buffer_size) wanted |= EPOLLIN;
  if (connects || side.begin < side.end) wanted |= EPOLLOUT;
  if (wanted == side.watched) return;
  side.watched = wanted;
  epoll_event event{};
  event.events = wanted;
  event.data.ptr = this;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, side.fd.get(), &event);
}

void RelayedConnection::turn() {
  if (ended() || (connecting_ && !finish_connect() && ended())) return;
  for (Side* side : {&client_, &server_}) {
    pollfd state{side->fd.get(), 0, 0};
    if (connecting_ && side == &server_) continue;
    ::poll(&state, 1, 0);
    if ((state.revents & (POLLERR | POLLHUP)) != 0 && !side->hung_up) {  // epoll would tell it again and again
      ::epoll_ctl(epoll_, EPOLL_CTL_DEL, side->fd.get(), nullptr);
      side->hung_up = true;
    }
  }
  if (!connecting_) {
    if (!pump(client_, server_) || !pump(server_, client_)) return end(true);
    if (client_.told_end && server_.told_end) return end(false);
  }
  watch(client_, server_);
  watch(server_, client_);
}
}  // namespace hivemind::run
