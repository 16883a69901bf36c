#include "preload/run/rehandover.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "preload/run/descriptors.h"

namespace hivemind::run {
namespace {
// One packet: an hm_ack with the daemon's socket, or a sentence.
void send_result(int to, const Result<Link>& result) {
  const std::string sentence = result ? std::string() : result.problem();
  iovec bytes{const_cast<char*>(sentence.data()), sentence.size()};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (result) {
    bytes = {const_cast<hm_ack*>(&result->ack), sizeof result->ack};
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int socket = result->socket.get();
    std::memcpy(CMSG_DATA(header), &socket, sizeof socket);
  }
  ::sendmsg(to, &message, MSG_NOSIGNAL);
}

Result<Link> hand_over_again(const DaemonCommand& daemon, const ProcessEnvironment& environment, const hm_hello& hello,
                             const std::vector<int>& descriptors, bool may_start) {
  if (may_start) {
    auto socket = reach_daemon(daemon, environment);
    if (!socket) return Problem{socket.problem()};
    return hand_over(std::move(*socket), hello, descriptors);
  }
  auto socket = connect_daemon(daemon.runtime_directory);
  if (!socket) return Problem{socket.problem()};
  if (!*socket) return Problem{"no daemon runs"};
  return hand_over(std::move(**socket), hello, descriptors);
}
}  // namespace

Rehandover::Rehandover(const DaemonCommand& daemon, const ProcessEnvironment& environment, const hm_hello& hello,
                       const std::vector<int>& descriptors, bool may_start) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return;
  result_.reset(ends[0]);
  UniqueFd answers(ends[1]);
  pid_ = ::fork();
  if (pid_ != 0) return;
  for (const int fd : open_descriptors())  // a relayed connection ends when we close it, not when this process ends
    if (fd != answers.get() && std::find(descriptors.begin(), descriptors.end(), fd) == descriptors.end()) ::close(fd);
  send_result(answers.get(), hand_over_again(daemon, environment, hello, descriptors, may_start));
  ::_exit(0);
}

Rehandover::~Rehandover() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::optional<Result<Link>> Rehandover::result() {
  if (pid_ < 0) return Result<Link>(Problem{"no process could be made to reach the daemon"});
  char text[512];
  iovec bytes{text, sizeof text};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const auto n = ::recvmsg(result_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  const cmsghdr* header = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (!header || header->cmsg_type != SCM_RIGHTS || n != static_cast<ssize_t>(sizeof(hm_ack)))
    return Result<Link>(Problem{n > 0 ? std::string(text, static_cast<std::size_t>(n)) : "the attempt was ended"});
  Link link;
  int socket = -1;
  std::memcpy(&socket, CMSG_DATA(header), sizeof socket);
  link.socket.reset(socket);
  std::memcpy(&link.ack, text, sizeof link.ack);
  return Result<Link>(std::move(link));
}
}  // namespace hivemind::run
