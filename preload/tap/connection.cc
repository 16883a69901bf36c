// connect, shutdown, close.
#include "libc.h"
#include "next.h"
#include "watch.h"

namespace {
using hivemind::tap::Watch;
namespace abi = hivemind::abi;
namespace next = hivemind::tap::next;
}  // namespace

HM_HOOK int connect(int fd, const void* to, uint32_t size) {
  const Watch watch(HM_TAP_CONNECT, fd, 0);
  const int result = next::connect(fd, to, size);
  if (!watch.is_on()) return result;
  // The kernel has read the whole address, unless it says that it could not or would not.
  const int error = result < 0 ? hivemind::libc::error() : 0;
  const bool was_read = error != abi::efault && error != abi::einval && size <= abi::sockaddr_most;
  watch.told(result, {}, {to, was_read ? size : 0});
  return result;
}

HM_HOOK int shutdown(int fd, int how) {
  const Watch watch(HM_TAP_SHUTDOWN, fd, how);
  return static_cast<int>(watch.told(next::shutdown(fd, how)));
}

HM_HOOK int close(int fd) {
  const Watch watch(HM_TAP_CLOSE, fd, 0);
  return static_cast<int>(watch.told(next::close(fd)));
}
