#include "socket.h"

#include "bytes.h"
#include "statx.h"
#include "syscalls.h"

namespace hivemind {
namespace {

// The option's value, or `otherwise` for a socket that does not have it.
int option(int fd, int level, int name, int otherwise) {
  int value = 0;
  uint32_t size = sizeof value;
  return sys::getsockopt(fd, level, name, &value, &size) == 0 ? value : otherwise;
}

bool is_on_other_device(int fd) {
  char device[16] = {};
  uint32_t size = sizeof device;
  if (sys::getsockopt(fd, abi::sol_socket, abi::so_bindtodevice, device, &size) != 0 || size == 0) return false;
  return !equal_bytes(device, "lo", 3);
}

// A process that gave up root: the daemon serves nobody but its own user.
bool is_of_other_user(int fd, uint32_t user) {
  sys::Statx stat;
  return sys::statx(fd, stat) && stat.uid != user;
}

bool is_bound(int fd) {
  abi::Sockaddr name = {};
  uint32_t size = sizeof name;
  if (sys::raw(sys::nr_getsockname, fd, &name, &size) != 0) return true;
  if (name.v6.port[0] != 0 || name.v6.port[1] != 0) return true;
  for (const uint8_t byte : name.v6.address) {
    if (byte != 0) return true;
  }
  return false;
}
}  // namespace

bool is_unconnected(int fd) {
  uint8_t state = abi::tcp_close;  // the first byte of struct tcp_info; an MPTCP socket of an old kernel has none
  uint32_t size = sizeof state;
  sys::getsockopt(fd, abi::ipproto_tcp, abi::tcp_info, &state, &size);
  return state == abi::tcp_close;
}

SocketFacts ask_socket(int fd, uint16_t family, uint32_t user) {
  SocketFacts facts;
  facts.protocol = option(fd, abi::sol_socket, abi::so_protocol, 0);
  if (facts.protocol != abi::ipproto_tcp && facts.protocol != abi::ipproto_mptcp) return facts;
  facts.unconnected = is_unconnected(fd);
  if (!facts.unconnected) return facts;
  facts.on_other_device = is_on_other_device(fd);
  facts.of_other_user = is_of_other_user(fd, user);
  if (family == abi::af_inet6) {
    facts.v6only = option(fd, abi::ipproto_ipv6, abi::ipv6_v6only, 0) != 0;
    facts.bound = facts.v6only && is_bound(fd);
  }
  return facts;
}

bool set_v6only(int fd, bool on) {
  const int value = on ? 1 : 0;
  return sys::raw(sys::nr_setsockopt, fd, abi::ipproto_ipv6, abi::ipv6_v6only, &value, sizeof value) == 0;
}
}  // namespace hivemind
