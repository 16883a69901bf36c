#include "endpoint.h"

#include "bytes.h"
#include "syscalls.h"

namespace hivemind {
namespace {
constexpr uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr uint8_t v6_loopback[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

uint16_t host_order(const uint8_t port[2]) { return static_cast<uint16_t>(port[0] << 8 | port[1]); }
}  // namespace

bool Endpoint::is_v4() const { return equal_bytes(address, mapped_prefix, 12); }
uint32_t Endpoint::v4() const {
  return uint32_t{address[12]} << 24 | uint32_t{address[13]} << 16 | uint32_t{address[14]} << 8 | uint32_t{address[15]};
}
bool Endpoint::is_loopback() const {
  return is_v4() ? address[12] == 127 : equal_bytes(address, v6_loopback, sizeof address);
}
bool Endpoint::is_link_local() const { return address[0] == 0xFE && (address[1] & 0xC0) == 0x80; }

bool parse_endpoint(const void* sockaddr, uint32_t size, Endpoint& endpoint) {
  abi::Sockaddr given;
  zero_bytes(&given, sizeof given);
  copy_bytes(&given, sockaddr, size < sizeof given ? size : sizeof given);
  if (size < abi::sockaddr_in_size || size > abi::sockaddr_most) return false;
  endpoint.family = given.v4.family;
  endpoint.port = host_order(given.v4.port);
  endpoint.scope_id = 0;
  if (given.v4.family == abi::af_inet) {
    copy_bytes(endpoint.address, mapped_prefix, 12);
    copy_bytes(endpoint.address + 12, given.v4.address, 4);
    return true;
  }
  if (given.v6.family != abi::af_inet6 || size < abi::sockaddr_in6_least) return false;
  copy_bytes(endpoint.address, given.v6.address, 16);
  endpoint.scope_id = given.v6.scope_id;  // zero when the sockaddr ends before it
  return true;
}

bool read_endpoint(const void* sockaddr, uint32_t size, Endpoint& endpoint) {
  if (size < abi::sockaddr_in_size || size > abi::sockaddr_most) return false;
  const auto* bytes = static_cast<const uint8_t*>(sockaddr);
  // At most 128 bytes, so on no more than two pages: the first and the last byte's.
  return sys::can_read_8(bytes) && sys::can_read_8(bytes + size - 8) && parse_endpoint(bytes, size, endpoint);
}

uint32_t write_sockaddr(const Endpoint& endpoint, abi::Sockaddr& sockaddr) {
  zero_bytes(&sockaddr, sizeof sockaddr);
  sockaddr.v4.family = endpoint.family;
  sockaddr.v4.port[0] = static_cast<uint8_t>(endpoint.port >> 8);
  sockaddr.v4.port[1] = static_cast<uint8_t>(endpoint.port);
  if (endpoint.family == abi::af_inet) {
    copy_bytes(sockaddr.v4.address, endpoint.address + 12, 4);
    return abi::sockaddr_in_size;
  }
  copy_bytes(sockaddr.v6.address, endpoint.address, 16);
  sockaddr.v6.scope_id = endpoint.scope_id;
  return abi::sockaddr_in6_size;
}

Endpoint v4_endpoint(uint32_t address, uint16_t port, uint16_t family) {
  Endpoint endpoint;
  endpoint.family = family;
  endpoint.port = port;
  copy_bytes(endpoint.address, mapped_prefix, 12);
  for (int i = 0; i < 4; ++i) endpoint.address[12 + i] = static_cast<uint8_t>(address >> (24 - 8 * i));
  return endpoint;
}
}  // namespace hivemind
