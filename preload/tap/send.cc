// send, sendto, sendmsg, write, writev.
#include "libc.h"
#include "next.h"
#include "watch.h"

namespace {
using hivemind::tap::Watch;
namespace abi = hivemind::abi;
namespace next = hivemind::tap::next;
}  // namespace

HM_HOOK long send(int fd, const void* bytes, size_t size, int flags) {
  const Watch watch(HM_TAP_SEND, fd, flags);
  return watch.told(next::send(fd, bytes, size, flags), {bytes, size}, {});
}

HM_HOOK long sendto(int fd, const void* bytes, size_t size, int flags, const void* to, uint32_t to_size) {
  const Watch watch(HM_TAP_SENDTO, fd, flags);
  const long result = next::sendto(fd, bytes, size, flags, to, to_size);
  return watch.told(result, {bytes, size}, {to, result >= 0 && to_size <= abi::sockaddr_most ? to_size : 0});
}

HM_HOOK long sendmsg(int fd, const abi::Msghdr* message, int flags) {
  const Watch watch(HM_TAP_SENDMSG, fd, flags);
  const long result = next::sendmsg(fd, message, flags);
  if (!watch.is_on() || result < 0) return watch.told(result);
  const uint32_t size = message->name_size <= abi::sockaddr_most ? message->name_size : 0;
  return watch.told(result, message->parts, message->part_count, {message->name, size});
}

HM_HOOK long write(int fd, const void* bytes, size_t size) {
  const Watch watch(HM_TAP_WRITE, fd, 0);
  return watch.told(next::write(fd, bytes, size), {bytes, size}, {});
}

HM_HOOK long writev(int fd, const abi::Iovec* parts, int count) {
  const Watch watch(HM_TAP_WRITEV, fd, 0);
  const long result = next::writev(fd, parts, count);
  return watch.told(result, parts, result > 0 ? static_cast<size_t>(count) : 0, {});
}
