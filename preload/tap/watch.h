// watch.h - one call on a socket: asked what it is about before, told to the ring after.
// Changes nothing a program can see: no result, no errno, no byte, no flag; allocates nothing.
#pragma once
#include "abi.h"
#include "hivemind/tap_ring.h"

namespace hivemind::tap {

struct Bytes {
  const void* at = nullptr;
  size_t size = 0;
};
// A sockaddr; `size` is what may be read of it.
struct Address {
  const void* at = nullptr;
  uint32_t size = 0;
};

class Watch {
public:
  // Before the call: a descriptor that is closed, or shut by another thread meanwhile, can no longer be asked.
  Watch(hm_tap_call call, int fd, int flags);

  bool is_on() const { return ring_ != nullptr; }
  // Each returns `result`. Nothing is read of what the call did not say it used.
  long told(long result) const { return told(result, nullptr, 0, {}); }
  long told(long result, Bytes bytes, Address address) const;
  long told(long result, const abi::Iovec* parts, size_t count, Address address) const;

private:
  hm_tap_ring* ring_;
  uint64_t socket_ = 0;
  hm_tap_call call_;
  int fd_, flags_;
};
}  // namespace hivemind::tap
