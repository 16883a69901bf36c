#include "ebpf/packet.h"

#include <poll.h>

#include "ebpf/refusal.h"

namespace hivemind::ebpf {
namespace {
constexpr std::size_t most_descriptors = 4;

void take_along(Packet& packet, msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET) continue;
    if (c->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(c), sizeof sender);
      packet.sender = sender;
    }
    if (c->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      packet.descriptors.emplace_back(fd);
    }
  }
}
}  // namespace

Packet receive(int socket, int milliseconds) {
  Packet packet;
  pollfd ready{socket, POLLIN, 0};
  int count = 0;
  do count = ::poll(&ready, 1, milliseconds);
  while (count < 0 && errno == EINTR);
  if (count <= 0) return packet;
  iovec part{packet.bytes, sizeof packet.bytes};
  alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int)) + CMSG_SPACE(sizeof(ucred))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const auto n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (n <= 0) return packet;
  packet.size = static_cast<std::size_t>(n);
  take_along(packet, message);
  return packet;
}

void answer(int socket, bool refused, const char* text, int descriptor) {
  hm_capture_answer reply{};
  reply.type = HM_CAPTURE_ANSWER;
  reply.version = HM_EBPF_VERSION;
  reply.refused = refused ? 1 : 0;
  std::strncpy(reply.text, text, sizeof reply.text - 1);
  iovec part{&reply, sizeof reply};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);  // who does not read it has gone
}

ucred peer_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) throw failed_to("tell who asks");
  return peer;
}
}  // namespace hivemind::ebpf
