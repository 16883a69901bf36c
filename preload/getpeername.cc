// getpeername: a token address is told as the destination the program asked for.
// Every error is the kernel's own, and so is how a short buffer is filled; a socket of ours is only known by the
// answer, so this holds for sockets inherited, duplicated or received from another process of the run.
#include "bytes.h"
#include "endpoint.h"
#include "libc.h"
#include "run.h"
#include "slots.h"
#include "syscalls.h"

namespace {
using hivemind::Endpoint;
namespace abi = hivemind::abi;
namespace sys = hivemind::sys;

// The destination the peer stands for; false when it is no token of this run.
bool find_original(const hivemind::Run& run, const abi::Sockaddr& peer, uint32_t size, Endpoint& original) {
  Endpoint token;
  hm_slot slot;
  if (!hivemind::parse_endpoint(&peer, size, token) || !token.is_v4() || !hm_is_token(token.v4())) return false;
  if (token.port != run.table->listener_port || !hivemind::find_slot(*run.table, token.v4(), slot)) return false;
  original.family = token.family;
  original.port = slot.port;
  hivemind::copy_bytes(original.address, slot.address, sizeof original.address);
  original.scope_id = original.is_link_local() ? slot.scope_id : 0;  // as the kernel does
  return slot.family == token.family;
}
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
  Endpoint original;
  if (!find_original(*run, peer, peer_size, original)) return 0;
  const uint32_t full = hivemind::write_sockaddr(original, peer);
  hivemind::copy_bytes(name, &peer, room < full ? room : full);
  return 0;
}
