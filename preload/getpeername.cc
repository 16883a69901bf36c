// getpeername: a token address is told as the destination the program asked for.
// Every error is the kernel's own, and so is how a short buffer is filled; a socket of ours is only known by the
// answer, so this holds for sockets inherited, duplicated or received from another process of the run.
#include "bytes.h"
#include "libc.h"
#include "original.h"
#include "run.h"
#include "syscalls.h"

namespace {
namespace abi = hivemind::abi;
namespace sys = hivemind::sys;
}  // namespace

HM_HOOK int getpeername(int fd, void* name, uint32_t* size) {
  hivemind::Run* const run = hivemind::current_run();
  const bool watches = run != nullptr && run->table->listener_port != 0 && sys::can_read_8(size);
  const uint32_t room = watches ? *size : 0;
  const long result = sys::raw(sys::nr_getpeername, fd, name, size);
  if (result != 0 || !watches || room < 2) return static_cast<int>(hivemind::libc::result(result));

  const auto* family = static_cast<const uint16_t*>(name);
  if (*family != abi::af_inet && *family != abi::af_inet6) return 0;
  abi::Sockaddr peer = {};
  uint32_t peer_size = sizeof peer;
  if (room >= *size && *size <= sizeof peer) {
    hivemind::copy_bytes(&peer, name, *size);
    peer_size = *size;
  } else if (sys::raw(sys::nr_getpeername, fd, &peer, &peer_size) != 0) {
    return 0;
  }
  hivemind::Endpoint original;
  if (hivemind::find_original(*run, peer, peer_size, original)) hivemind::tell(original, name, room);
  return 0;
}
