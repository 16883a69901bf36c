// connect: to a captured destination it becomes a connect to a token address of the run's listener.
// The kernel does the connecting, on the program's own socket: blocking mode, epoll registrations, options, EINPROGRESS
// and EINTR are what they always are.
#include "libc.h"
#include "redirect.h"

HM_HOOK int connect(int fd, const void* to, uint32_t size) {
  namespace libc = hivemind::libc;
  hivemind::Redirect redirect;
  if (redirect.prepare(fd, to, size, 0)) {
    const int result = libc::connect(fd, redirect.address(), redirect.size());
    if (!redirect.failed(result == 0)) return result;
  }
  return libc::connect(fd, to, size);
}
