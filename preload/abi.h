// abi.h - the structures of Linux and of C libraries that hooks read and write.
// Declared here and not taken from libc's headers: one object serves glibc, musl and programs without a libc, and its
// hooks are declared with types of our own. Layouts are those shared by glibc and musl on 64-bit little endian.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace hivemind::abi {

constexpr int af_inet = 2, af_inet6 = 10, af_netlink = 16;
constexpr int sock_dgram = 2, sock_cloexec = 02000000;
constexpr int ipproto_tcp = 6, ipproto_mptcp = 262, ipproto_ipv6 = 41;
constexpr int sol_socket = 1, so_bindtodevice = 25, so_protocol = 38, so_cookie = 57;
constexpr int tcp_info = 11, ipv6_v6only = 26;
constexpr uint8_t tcp_close = 7, tcp_listen = 10;
constexpr int msg_dontwait = 0x40, msg_nosignal = 0x4000, msg_fastopen = 0x20000000;
constexpr int ai_numerichost = 4;

constexpr int eperm = 1, enoent = 2, eintr = 4, ebadf = 9, eacces = 13, efault = 14, einval = 22, enosys = 38,
              enotsock = 88;
constexpr int eaddrnotavail = 99, enetunreach = 101, eisconn = 106, etimedout = 110, econnrefused = 111;
constexpr int ehostunreach = 113, ealready = 114, einprogress = 115;

struct SockaddrIn {
  uint16_t family;
  uint8_t port[2];  // network order
  uint8_t address[4];
  uint8_t zero[8];
};
struct SockaddrIn6 {
  uint16_t family;
  uint8_t port[2];
  uint32_t flow;
  uint8_t address[16];
  uint32_t scope_id;
};
union Sockaddr {
  SockaddrIn v4;
  SockaddrIn6 v6;
};
constexpr uint32_t sockaddr_in_size = sizeof(SockaddrIn);
constexpr uint32_t sockaddr_in6_size = sizeof(SockaddrIn6);
constexpr uint32_t sockaddr_in6_least = 24;  // RFC 2133's, without a scope; the kernel takes it
constexpr uint32_t sockaddr_most = 128;      // the kernel refuses longer ones

struct Iovec {
  void* bytes;
  size_t size;
};
struct Msghdr {
  void* name;
  uint32_t name_size;
  Iovec* parts;
  size_t part_count;
  void* control;
  size_t control_size;
  int flags;
};
struct Mmsghdr {
  Msghdr head;
  unsigned sent;
};
struct Addrinfo {
  int flags, family, socktype, protocol;
  uint32_t address_size;
  const void* address;
  char* canonical_name;
  Addrinfo* next;
};

static_assert(sizeof(SockaddrIn) == 16 && sizeof(SockaddrIn6) == 28);
static_assert(sizeof(Msghdr) == 56 && sizeof(Mmsghdr) == 64 && sizeof(Addrinfo) == 48);
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
}  // namespace hivemind::abi
