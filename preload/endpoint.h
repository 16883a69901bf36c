// endpoint.h - a TCP destination as the token table keeps it.
#pragma once
#include <stdint.h>

#include "abi.h"

namespace hivemind {

struct Endpoint {
  uint8_t address[16] = {};  // network order; IPv4 as ::ffff:a.b.c.d
  uint16_t port = 0;         // host order
  uint16_t family = 0;       // of the sockaddr it came from
  uint32_t scope_id = 0;

  bool is_v4() const;   // AF_INET, or IPv4 mapped into AF_INET6
  uint32_t v4() const;  // host order; meaningful when is_v4()
  bool is_loopback() const;
  bool is_link_local() const;  // fe80::/10
};

// Reads an AF_INET or AF_INET6 sockaddr of `size` bytes. False when it is neither, or too short.
bool parse_endpoint(const void* sockaddr, uint32_t size, Endpoint& endpoint);

// The same for memory the program vouches for; false too when it cannot be read. Then the kernel shall say so itself.
bool read_endpoint(const void* sockaddr, uint32_t size, Endpoint& endpoint);

// Writes `endpoint` in the form of its family; returns the bytes used.
uint32_t write_sockaddr(const Endpoint& endpoint, abi::Sockaddr& sockaddr);

// The IPv4 address (host order) and port, in the form of `family`.
Endpoint v4_endpoint(uint32_t address, uint16_t port, uint16_t family);
}  // namespace hivemind
