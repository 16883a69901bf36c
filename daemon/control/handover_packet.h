// handover_packet.h - one packet of run.sock with the descriptors that came along, and whether a hello may be believed.
// Invariant: every received descriptor has an owner from the moment recvmsg returns.
#pragma once
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "core/errors.h"
#include "hivemind/handover.h"
#include "net/unique_fd.h"

namespace hivemind {

struct HandoverPacket {
  std::array<std::byte, 512> bytes{};  // more than any message
  std::size_t size = 0;                // 0: the peer has closed
  std::vector<UniqueFd> descriptors;
  bool truncated = false;  // bytes or descriptors were lost

  // The message header, when there is one.
  std::optional<hm_message> header() const;
  // The whole as a `Message`; nullopt unless type, version and size are its own.
  template <class Message>
  std::optional<Message> as(hm_message_type type) const {
    const auto head = header();
    if (truncated || size != sizeof(Message) || !head || head->type != type || head->version != HM_HANDOVER_VERSION)
      return std::nullopt;
    Message message;
    std::memcpy(&message, bytes.data(), sizeof message);
    return message;
  }
};

// Neither waits; error would_block when nothing is there, or when the peer does not read.
Result<HandoverPacket> receive_packet(int fd);
error_code send_packet(int fd, const void* message, std::size_t size);

// nullopt, or what is wrong with it, for the people at the other end.
std::optional<std::string> fault_of(const HandoverPacket& hello);
std::optional<std::string> fault_of_listener(int fd);
}  // namespace hivemind
