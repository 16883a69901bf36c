// getsockname: the loopback source of a captured connection is told as the source a native one would have; the port is
// the socket's own. Everything else - not connected, bound, not ours - is the kernel's answer.
#include "bytes.h"
#include "libc.h"
#include "original.h"
#include "reach.h"
#include "syscalls.h"

namespace {
using hivemind::Endpoint;
namespace abi = hivemind::abi;
namespace sys = hivemind::sys;

bool find_native_source(const hivemind::Run& run, int fd, Endpoint& local) {
  abi::Sockaddr peer = {};
  uint32_t size = sizeof peer;
  Endpoint original, source;
  if (sys::raw(sys::nr_getpeername, fd, &peer, &size) != 0 || !hivemind::find_original(run, peer, size, original))
    return false;
  if (original.is_v4() && original.is_loopback()) return false;  // where it comes from is as without us
  if (!hivemind::find_source(original, source)) return false;
  const uint16_t family = local.family, port = local.port;
  local = source;
  local.family = family;
  local.port = port;
  return true;
}
}  // namespace

HM_HOOK int getsockname(int fd, void* name, uint32_t* size) {
  hivemind::Run* const run = hivemind::current_run();
  const bool watches = run != nullptr && run->table->listener_port != 0 && sys::can_read_8(size);
  const uint32_t room = watches ? *size : 0;
  const long result = sys::raw(sys::nr_getsockname, fd, name, size);
  if (result != 0 || !watches || room < abi::sockaddr_in_size) return static_cast<int>(hivemind::libc::result(result));

  Endpoint local;
  abi::Sockaddr whole = {};
  uint32_t whole_size = sizeof whole;
  const auto family = *static_cast<const uint16_t*>(name);
  if (family != abi::af_inet && family != abi::af_inet6) return 0;
  if (sys::raw(sys::nr_getsockname, fd, &whole, &whole_size) != 0 ||
      !hivemind::parse_endpoint(&whole, whole_size, local))
    return 0;
  if (local.port == 0 || !local.is_v4() || !local.is_loopback()) return 0;
  if (find_native_source(*run, fd, local)) hivemind::tell(local, name, room);
  return 0;
}
