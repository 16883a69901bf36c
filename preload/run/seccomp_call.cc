#include "preload/run/seccomp_call.h"

#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>

#include "preload/abi.h"
#include "preload/run/seccomp_abi.h"
#include "preload/run/seccomp_target.h"

namespace hivemind::run {
namespace {
using namespace seccomp_abi;
constexpr std::size_t most_parts = 16, most_bytes = 65536;

Reading unreadable() { return errno == EPERM ? Reading::refused : Reading::not_for_us; }

Reading read_socketcall(int tid, HeldCall& call) {
  std::array<std::uint32_t, 3> arguments{};
  if (!read_memory(tid, call.address, arguments.data(), sizeof arguments)) return unreadable();
  call.fd = static_cast<int>(arguments[0]);
  call.address = arguments[1];
  call.size = arguments[2];
  return Reading::read;
}

Reading read_message(int tid, HeldCall& call, Destination& destination) {
  struct {  // struct msghdr of a 64-bit process
    std::uint64_t name;
    std::uint32_t name_size, pad;
    std::uint64_t parts, part_count, control, control_size;
  } message{};
  if (!read_memory(tid, call.address, &message, sizeof message)) return unreadable();
  call.address = message.name;
  call.size = message.name_size;
  if (message.control_size != 0 || message.part_count > most_parts) {
    destination.is_plain = false;
    return Reading::read;
  }
  destination.parts.resize(message.part_count);
  if (message.part_count != 0 &&
      !read_memory(tid, message.parts, destination.parts.data(), message.part_count * sizeof(Destination::Part)))
    return unreadable();
  return Reading::read;
}
}  // namespace

std::optional<HeldCall> read_call(const seccomp_data& call) {
  HeldCall held;
  held.fd = static_cast<int>(call.args[0]);
  held.address = call.args[1];
  held.size = static_cast<std::uint32_t>(call.args[2]);
  const auto number = static_cast<std::uint32_t>(call.nr);
  if (call.arch == narrow) {
    held.in_memory = number == narrow_socketcall && call.args[0] == socketcall_connect;
    if (number == narrow_connect || held.in_memory) return held;
    return {};
  }
  if (call.arch != native) return {};
  switch (number & ~x32_bit) {
    case SYS_connect:
      return held;
    case SYS_sendto:
      held.kind = HeldCall::Kind::sendto;
      held.bytes = call.args[1];
      held.count = call.args[2];
      held.flags = static_cast<int>(call.args[3]);
      held.address = call.args[4];
      held.size = static_cast<std::uint32_t>(call.args[5]);
      return held;
    case SYS_sendmsg:
      held.kind = HeldCall::Kind::sendmsg;
      held.flags = static_cast<int>(call.args[2]);
      return held;
    default:
      return {};
  }
}

Reading read_destination(int tid, HeldCall& call, Destination& destination) {
  auto reading = Reading::read;
  if (call.in_memory) reading = read_socketcall(tid, call);
  if (call.kind == HeldCall::Kind::sendmsg) reading = read_message(tid, call, destination);
  // What is sent without a copy must stay where it is.
  if ((call.flags & MSG_ZEROCOPY) != 0) destination.is_plain = false;
  if (call.kind == HeldCall::Kind::sendto) destination.parts = {{call.bytes, call.count}};
  if (reading != Reading::read) return reading;
  // All of it, as the kernel does: what it cannot read is its own to judge.
  std::array<char, abi::sockaddr_most> address{};
  if (call.size < abi::sockaddr_in_size || call.size > address.size()) return Reading::not_for_us;
  if (!read_memory(tid, call.address, address.data(), call.size)) return unreadable();
  return parse_endpoint(address.data(), call.size, destination.endpoint) ? Reading::read : Reading::not_for_us;
}

bool read_bytes(int tid, const Destination& destination, std::vector<char>& bytes) {
  if (!destination.is_plain) return false;
  std::size_t size = 0;
  for (const auto& part : destination.parts) {
    if (part.count > most_bytes - size) return false;
    bytes.resize(size + part.count);
    if (part.count != 0 && !read_memory(tid, part.bytes, bytes.data() + size, part.count)) return false;
    size += part.count;
  }
  return true;
}
}  // namespace hivemind::run
