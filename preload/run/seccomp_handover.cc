#include "preload/run/seccomp_handover.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace hivemind::run {
namespace {
constexpr int patience_ms = 10'000;
struct Words {
  int error;
  int rights_locked;
};
union Control {
  cmsghdr head;
  char bytes[CMSG_SPACE(sizeof(int))];
};
}  // namespace

bool ListenerHandover::open() {
  int both[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, both) != 0) return false;
  ours_.reset(both[0]);
  theirs_.reset(both[1]);
  return true;
}

bool ListenerHandover::give(Filter filter) {
  ours_.reset();
  const UniqueFd listener(filter.listener);
  Words words{filter.listener < 0 ? -filter.listener : 0, filter.rights_locked ? 1 : 0};
  iovec part{&words, sizeof words};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (listener) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    control.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    std::memcpy(CMSG_DATA(&control.head), &filter.listener, sizeof(int));
  }
  ssize_t n = 0;
  do n = ::sendmsg(theirs_.get(), &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n < 0 || !listener) return false;
  char word = 0;
  do n = ::recv(theirs_.get(), &word, 1, 0);
  while (n < 0 && errno == EINTR);
  return n == 1;
}

HandedOver ListenerHandover::take() {
  theirs_.reset();
  HandedOver handed;
  pollfd ready{ours_.get(), POLLIN, 0};
  const int some = ::poll(&ready, 1, patience_ms);
  if (some <= 0) return handed.error = some == 0 ? ETIMEDOUT : errno, std::move(handed);
  Words words{};
  iovec part{&words, sizeof words};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  if (::recvmsg(ours_.get(), &message, MSG_CMSG_CLOEXEC) != sizeof words) {
    handed.error = ECONNRESET;
    return handed;
  }
  handed.error = words.error;
  handed.rights_locked = words.rights_locked != 0;
  if (const auto* head = CMSG_FIRSTHDR(&message); head != nullptr && head->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
    handed.listener.reset(fd);
  }
  if (!handed.listener && handed.error == 0) handed.error = ECONNRESET;
  return handed;
}

void ListenerHandover::say_it_is_watched() {
  const char word = 1;
  ::send(ours_.get(), &word, 1, MSG_NOSIGNAL);
  ours_.reset();
}

std::string why_no_filter(int error) {
  switch (error) {
    case EBUSY:
      return "somebody already supervises the system calls here (a container's runtime, a sandbox, another run)";
    case EINVAL:
      return "it needs Linux 5.19 or newer";
    case ENOSYS:
      return "this kernel has no seccomp";
    case EPERM:
    case EACCES:
      return "a sandbox forbids it";
    default:
      return std::string("the filter cannot be installed: ") + std::strerror(error);
  }
}
}  // namespace hivemind::run
