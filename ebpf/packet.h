// packet.h - one message of hivemind/ebpf.h on a SOCK_SEQPACKET socket, with the descriptors and the sender it came
// with.
#pragma once
#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "ebpf/unique_fd.h"
#include "hivemind/ebpf.h"

namespace hivemind::ebpf {
struct Packet {
  alignas(8) char bytes[512] = {};  // more than any message
  std::size_t size = 0;             // 0: the other side has closed
  std::vector<UniqueFd> descriptors;
  std::optional<ucred> sender;  // as the kernel vouches for it

  // The message, if this packet is one of that type and size.
  template <class Message>
  std::optional<Message> as(hm_capture_type type) const {
    Message message;
    if (size != sizeof message) return std::nullopt;
    std::memcpy(&message, bytes, sizeof message);
    if (message.type != static_cast<std::uint32_t>(type) || message.version != HM_EBPF_VERSION) return std::nullopt;
    return message;
  }
};

// Waits for a packet, for `milliseconds` at most (-1: without end); an empty one when there is none.
Packet receive(int socket, int milliseconds);
// `text` is cut to fit; `descriptor`: to go along, or -1.
void answer(int socket, bool refused, const char* text, int descriptor = -1);
// Who made the other end of the socket. Throws Refusal.
ucred peer_of(int socket);
}  // namespace hivemind::ebpf
