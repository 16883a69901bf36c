#include "preload/run/handover.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>

#include "hivemind/environment.h"

namespace hivemind::run {
namespace {
union Packet {
  hm_message message;
  hm_ack ack;
  hm_refused refused;
  hm_summary summary;
};

template <std::size_t N>
std::string bounded(const char (&text)[N]) {
  return {text, ::strnlen(text, N)};
}

bool is(const Packet& packet, ssize_t size, hm_message_type type, std::size_t expected) {
  return size == static_cast<ssize_t>(expected) && packet.message.type == type &&
         packet.message.version == HM_HANDOVER_VERSION;
}
}  // namespace

Result<std::optional<UniqueFd>> connect_daemon(const std::string& runtime_directory) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = runtime_directory + "/" HM_HANDOVER_SOCKET;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const timeval patience{10, 0};  // a full backlog or a hung daemon must not hold the agent for ever
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return std::optional<UniqueFd>();
    return failed_to("connect to " + path);
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != ::geteuid())
    return Problem{path + " is served by another user"};
  return std::optional<UniqueFd>(std::move(socket));
}

Result<Link> hand_over(UniqueFd socket, const hm_hello& hello, const std::vector<int>& descriptors) {
  const std::size_t descriptors_size = descriptors.size() * sizeof(int);
  std::vector<std::max_align_t> control(CMSG_SPACE(descriptors_size) / sizeof(std::max_align_t) + 1);
  iovec bytes{const_cast<hm_hello*>(&hello), sizeof hello};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(descriptors_size);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors_size);
  std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors_size);
  // A daemon that refuses at once has closed already, and its reason can still be read: behind the news of a reset.
  if (::sendmsg(socket.get(), &message, MSG_NOSIGNAL) < 0 && errno != EPIPE)
    return failed_to("hand the run to the daemon");

  Packet packet{};
  ssize_t size = 0;
  do size = ::recv(socket.get(), &packet, sizeof packet, MSG_TRUNC);
  while (size < 0 && (errno == EINTR || errno == ECONNRESET));
  if (size < 0 && errno == EAGAIN) return Problem{"the daemon did not answer within 10 s"};
  if (size <= 0) return Problem{"the daemon closed the connection instead of taking the run"};
  if (is(packet, size, HM_REFUSED, sizeof(hm_refused)))
    return Problem{"the daemon refused the run: " + bounded(packet.refused.reason)};
  if (!is(packet, size, HM_ACK, sizeof(hm_ack)))
    return Problem{"the daemon is of another version; end it with hivemindctl stop"};
  Link link{std::move(socket), packet.ack};
  link.ack.root_bundle[sizeof link.ack.root_bundle - 1] = '\0';
  return link;
}

bool ask_summary(int socket) {
  const hm_summary_request request{{HM_SUMMARY_REQUEST, HM_HANDOVER_VERSION}};
  return ::send(socket, &request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(sizeof request);
}

Incoming next_message(int socket) {
  Packet packet{};
  const auto size = ::recv(socket, &packet, sizeof packet, MSG_TRUNC | MSG_DONTWAIT);
  if (size < 0) return {errno == EAGAIN || errno == EINTR ? Incoming::Kind::nothing : Incoming::Kind::closed, {}};
  if (size == 0) return {Incoming::Kind::closed, {}};
  if (is(packet, size, HM_SUMMARY, sizeof(hm_summary))) return {Incoming::Kind::summary, packet.summary};
  if (is(packet, size, HM_REFUSED, sizeof(hm_refused))) return {Incoming::Kind::refused, {}};
  return {};  // a newer daemon's message: not for us
}
}  // namespace hivemind::run
