#include "control/handover_packet.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace hivemind {
namespace {

constexpr std::size_t most_descriptors = 8;

error_code last_error() { return {errno, boost::system::system_category()}; }

int option(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

template <std::size_t Size>
bool ends(const char (&text)[Size]) {
  return std::memchr(text, '\0', Size) != nullptr;
}
}  // namespace

std::optional<hm_message> HandoverPacket::header() const {
  if (size < sizeof(hm_message)) return std::nullopt;
  hm_message head;
  std::memcpy(&head, bytes.data(), sizeof head);
  return head;
}

Result<HandoverPacket> receive_packet(int fd) {
  HandoverPacket packet;
  iovec part{packet.bytes.data(), packet.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_descriptors * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return last_error();
  packet.size = static_cast<std::size_t>(got);
  packet.truncated = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int received = -1;
      std::memcpy(&received, CMSG_DATA(c) + i * sizeof(int), sizeof received);
      packet.descriptors.emplace_back(received);
    }
  }
  return packet;
}

error_code send_packet(int fd, const void* message, std::size_t size) {
  return ::send(fd, message, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? last_error() : error_code();
}

std::optional<std::string> fault_of(const HandoverPacket& packet) {
  const auto head = packet.header();
  if (!head || head->type != HM_HELLO) return "the first message is no hello";
  if (head->version != HM_HANDOVER_VERSION) {
    return "hivemind-run speaks version " + std::to_string(head->version) + " and the daemon version " +
           std::to_string(HM_HANDOVER_VERSION) + "; run hivemindctl stop and try again";
  }
  const auto hello = packet.as<hm_hello>(HM_HELLO);
  if (!hello) return "the hello has a wrong size";
  if (packet.descriptors.size() != 2 && packet.descriptors.size() != 4)
    return "the hello needs a listener and a token table, once or twice";
  if (!ends(hello->name) || !ends(hello->command)) return "a text in the hello does not end";
  const bool in_range = hello->run_id != 0 && hello->run_id != hello->parent_run_id &&
                        hello->priority <= HM_PRIORITY_LOW && hello->weight_milli >= 1 &&
                        hello->weight_milli <= 1000000 && hello->fail_closed <= 1 && hello->token_budget >= HM_NONE &&
                        hello->deadline_ms >= HM_NONE;
  if (!in_range) return "a number in the hello is out of range";
  return std::nullopt;
}

std::optional<std::string> fault_of_listener(int fd) {
  const int domain = option(fd, SO_DOMAIN), protocol = option(fd, SO_PROTOCOL);
  const bool tcp = option(fd, SO_TYPE) == SOCK_STREAM && (domain == AF_INET || domain == AF_INET6) &&
                   (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
  if (!tcp || option(fd, SO_ACCEPTCONN) != 1) return "the first descriptor is no listening TCP socket";
  return std::nullopt;
}
}  // namespace hivemind
