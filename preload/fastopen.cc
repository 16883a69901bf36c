// sendto, sendmsg, sendmmsg: with MSG_FASTOPEN they connect, and only then do we look at them.
#include "bytes.h"
#include "libc.h"
#include "redirect.h"
#include "syscalls.h"

namespace {
using hivemind::Redirect;
namespace abi = hivemind::abi;
namespace libc = hivemind::libc;
namespace sys = hivemind::sys;

bool can_read(const abi::Msghdr* message) {
  const auto* bytes = reinterpret_cast<const char*>(message);
  return sys::can_read_8(bytes) && sys::can_read_8(bytes + sizeof *message - 8);
}

// True when the message went (or failed) on its way to a token; `sent` is the call's result then.
bool send_to_token(int fd, const abi::Msghdr* message, int flags, long& sent) {
  Redirect redirect;
  if (!can_read(message)) return false;
  abi::Msghdr copy = *message;
  if (!redirect.prepare(fd, copy.name, copy.name_size, HM_FAST_OPEN)) return false;
  copy.name = const_cast<void*>(redirect.address());
  copy.name_size = redirect.size();
  sent = libc::sendmsg(fd, &copy, flags);
  return !redirect.failed(sent >= 0);
}
}  // namespace

HM_HOOK long sendto(int fd, const void* bytes, size_t size, int flags, const void* to, uint32_t to_size) {
  Redirect redirect;
  if ((flags & abi::msg_fastopen) != 0 && redirect.prepare(fd, to, to_size, HM_FAST_OPEN)) {
    const long sent = libc::sendto(fd, bytes, size, flags, redirect.address(), redirect.size());
    if (!redirect.failed(sent >= 0)) return sent;
  }
  return libc::sendto(fd, bytes, size, flags, to, to_size);
}

HM_HOOK long sendmsg(int fd, const abi::Msghdr* message, int flags) {
  long sent = 0;
  if ((flags & abi::msg_fastopen) != 0 && send_to_token(fd, message, flags, sent)) return sent;
  return libc::sendmsg(fd, message, flags);
}

// The first message connects; the rest go as they are. As in the kernel, an error after the first counts the sent ones.
HM_HOOK int sendmmsg(int fd, abi::Mmsghdr* messages, unsigned count, int flags) {
  long sent = 0;
  if ((flags & abi::msg_fastopen) == 0 || count == 0 || !send_to_token(fd, &messages->head, flags, sent)) {
    return libc::sendmmsg(fd, messages, count, flags);
  }
  if (sent < 0) return -1;
  messages->sent = static_cast<unsigned>(sent);
  if (count == 1) return 1;
  const int error = libc::error();
  const int more = libc::sendmmsg(fd, messages + 1, count - 1, flags);
  if (more >= 0) return 1 + more;
  libc::set_error(error);
  return 1;
}
