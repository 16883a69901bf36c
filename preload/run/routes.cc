#include "preload/run/routes.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>

#include "hivemind/ebpf.h"

namespace hivemind::run {
namespace {
// Connecting a UDP socket looks the route up and sends nothing. Past any hook, as the relay does.
template <class Address>
bool has_route(int family, const Address& to) {
  const UniqueFd socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return socket && ::syscall(SYS_connect, socket.get(), &to, sizeof to) == 0;
}

// Addresses for documentation: they belong to nobody, so only a default route leads there.
bool leads_out_v4() {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  ::inet_pton(AF_INET, "203.0.113.1", &to.sin_addr);
  return has_route(AF_INET, to);
}

bool leads_out_v6() {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(9);
  to.sin6_addr = in6addr_loopback;
  if (!has_route(AF_INET6, to)) return false;  // our listener could not be reached
  ::inet_pton(AF_INET6, "2001:db8::1", &to.sin6_addr);
  return has_route(AF_INET6, to);
}
}  // namespace

Routes::Routes() : changes_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)) {
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (::bind(changes_.get(), reinterpret_cast<sockaddr*>(&groups), sizeof groups) != 0) changes_.reset();
}

void Routes::read_changes() {
  char ignored[8192];
  // Also when more has changed than the kernel kept for us.
  while (::recv(changes_.get(), ignored, sizeof ignored, 0) > 0 || errno == ENOBUFS) {
  }
}

std::uint32_t Routes::reach() {
  std::uint32_t reach = 0;
  if (leads_out_v4()) reach |= HM_REACH_IPV4;
  if (leads_out_v6()) reach |= HM_REACH_IPV6;
  return reach;
}
}  // namespace hivemind::run
