#include "preload/run/relay.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>

#include "preload/run/proxied_connection.h"
#include "preload/run/relayed_connection.h"

namespace hivemind::run {
namespace {
struct Accepted {
  UniqueFd socket;
  sockaddr_storage source{};  // also of who has reset it already
};
Accepted accept_one(int listener) {
  Accepted accepted;
  socklen_t size = sizeof accepted.source;
  accepted.socket.reset(
      ::accept4(listener, reinterpret_cast<sockaddr*>(&accepted.source), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return accepted;
}

// What names the connection's slot: the IPv4 address it reached us at, or where it comes from.
std::uint32_t token_of(const RunTable& table, const Accepted& accepted) {
  sockaddr_storage here{};
  socklen_t size = sizeof here;
  if (::getsockname(accepted.socket.get(), reinterpret_cast<sockaddr*>(&here), &size) != 0) return 0;
  if (here.ss_family == AF_INET) return ntohl(reinterpret_cast<sockaddr_in&>(here).sin_addr.s_addr);
  const auto& address = reinterpret_cast<sockaddr_in6&>(here).sin6_addr;
  const std::uint32_t token = IN6_IS_ADDR_V4MAPPED(&address) ? ntohl(address.s6_addr32[3]) : 0;
  const auto& source = reinterpret_cast<const sockaddr_in6&>(accepted.source);
  return table.token_from(token, source.sin6_addr.s6_addr, ntohs(source.sin6_port));
}
}  // namespace

Relay::Relay(RunTable& table, int listener)
    : table_(table), listener_(listener), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
Relay::~Relay() = default;

void Relay::accept_connections(bool whether) {
  if (whether == accepting_) return;
  accepting_ = whether;
  epoll_event event{};
  event.events = EPOLLIN;  // no pointer: the listener
  ::epoll_ctl(epoll_.get(), whether ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener_, &event);
}

void Relay::turn() {
  epoll_event events[64];
  const int count = ::epoll_wait(epoll_.get(), events, 64, 0);
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr)
      static_cast<RelayedConnection*>(events[i].data.ptr)->turn();
    else
      accept_some();
  }
  forget_ended();
}

void Relay::accept_some() {
  for (int i = 0; i < 64; ++i) {
    Accepted accepted = accept_one(listener_);
    if (!accepted.socket) return;
    const auto original = table_.accept(token_of(table_, accepted));
    if (!original) {
      if (carry_proxied(accepted.socket, table_))
        ++carried_;
      else
        reset_connection(accepted.socket);
      continue;
    }
    ++carried_;
    connections_.push_back(
        std::make_unique<RelayedConnection>(std::move(accepted.socket), *original, table_, epoll_.get()));
  }
}

void Relay::reset_waiting(std::size_t count) {
  for (; count > 0; --count) {
    Accepted accepted = accept_one(listener_);
    if (!accepted.socket) return;
    if (const auto original = table_.accept(token_of(table_, accepted))) table_.release(original->slot);
    reset_connection(accepted.socket);
  }
}

void Relay::forget_ended() {
  std::erase_if(connections_, [](const auto& connection) { return connection->ended(); });
}

bool Relay::has_parting_words() const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& connection) { return connection->has_parting_words(); });
}
}  // namespace hivemind::run
