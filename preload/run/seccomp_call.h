// seccomp_call.h - what a held call asks for: read from its registers, then from its process's memory.
#pragma once
#include <linux/seccomp.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "preload/endpoint.h"

namespace hivemind::run {
struct HeldCall {
  enum class Kind { connect, sendto, sendmsg } kind = Kind::connect;
  int fd = -1;
  std::uint64_t address = 0;  // of the sockaddr; sendmsg: of the msghdr
  std::uint32_t size = 0;     // of the sockaddr
  std::uint64_t bytes = 0;    // sendto's
  std::uint64_t count = 0;
  int flags = 0;
  bool in_memory = false;  // socketcall: `address` is that of connect's arguments, three 32-bit words
};
std::optional<HeldCall> read_call(const seccomp_data& call);

struct Destination {
  Endpoint endpoint;
  struct Part {  // struct iovec of the process
    std::uint64_t bytes;
    std::uint64_t count;
  };
  std::vector<Part> parts;  // what a fast open sends
  bool is_plain = true;     // nothing but a few parts to be copied
};
enum class Reading {
  read,
  refused,     // the process lets nobody look into it
  not_for_us,  // no IPv4 or IPv6 address, or one the kernel shall judge
};
// Completes `call` where its arguments are in memory.
Reading read_destination(int tid, HeldCall& call, Destination& destination);

// False: too much, or not readable.
bool read_bytes(int tid, const Destination& destination, std::vector<char>& bytes);
}  // namespace hivemind::run
