#include "watch.h"

#include "bytes.h"
#include "libc.h"
#include "syscalls.h"
#include "ring.h"
#include "tap.h"

namespace hivemind::tap {
namespace {
// Names the socket, whoever else has a descriptor of it; 0: no socket.
uint64_t socket_of(int fd) {
  uint64_t cookie = 0;
  uint32_t size = sizeof cookie;
  const long asked = sys::getsockopt(fd, abi::sol_socket, abi::so_cookie, &cookie, &size);
  if (asked == 0) return cookie;
  if (asked == -abi::enotsock || asked == -abi::ebadf) return 0;
  // A sandbox or an old kernel: the descriptor of this process has to do. No cookie is as large.
  return uint64_t{1} << 63 | static_cast<uint64_t>(sys::getpid()) << 32 | static_cast<uint32_t>(fd);
}

uint16_t gather(const abi::Iovec* parts, size_t count, size_t passed, uint8_t* to, size_t room) {
  size_t size = 0;
  if (passed < room) room = passed;
  for (size_t i = 0; i < count && size < room; ++i) {
    const size_t part = parts[i].size < room - size ? parts[i].size : room - size;
    copy_bytes(to + size, parts[i].bytes, part);
    size += part;
  }
  return static_cast<uint16_t>(size);
}
}  // namespace

Watch::Watch(hm_tap_call call, int fd, int flags) : ring_(current_ring()), call_(call), fd_(fd), flags_(flags) {
  if (ring_ == nullptr) return;
  socket_ = socket_of(fd);
  if (socket_ == 0) ring_ = nullptr;
}

long Watch::told(long result, Bytes bytes, Address address) const {
  const abi::Iovec part = {const_cast<void*>(bytes.at), bytes.size};
  return told(result, &part, 1, address);
}

long Watch::told(long result, const abi::Iovec* parts, size_t count, Address address) const {
  if (ring_ == nullptr) return result;
  const int error = result < 0 ? libc::error() : 0;
  const CellClaim claim = claim_cell(*ring_);
  if (claim.cell == nullptr) return result;
  hm_tap_cell& cell = *claim.cell;
  cell.time_ns = sys::monotonic_ns();
  cell.socket = socket_;
  cell.result = result;
  cell.error = error;
  cell.pid = sys::getpid();
  cell.tid = static_cast<int32_t>(sys::raw(sys::nr_gettid));
  cell.fd = fd_;
  cell.call = call_;
  cell.flags = static_cast<uint32_t>(flags_);
  cell.address_size = static_cast<uint16_t>(address.size < sizeof cell.address ? address.size : sizeof cell.address);
  if (address.at == nullptr) cell.address_size = 0;
  copy_bytes(cell.address, address.at, cell.address_size);
  const size_t passed = result > 0 ? static_cast<size_t>(result) : 0;
  cell.payload_size = gather(parts, count, passed, cell.payload, sizeof cell.payload);
  publish_cell(claim);
  return result;
}
}  // namespace hivemind::tap
