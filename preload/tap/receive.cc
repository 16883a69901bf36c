// recv, recvfrom, recvmsg, read, readv, and the forms of them that _FORTIFY_SOURCE calls.
#include "libc.h"
#include "syscalls.h"
#include "next.h"
#include "watch.h"

namespace {
using hivemind::tap::Address;
using hivemind::tap::Watch;
namespace abi = hivemind::abi;
namespace next = hivemind::tap::next;
namespace sys = hivemind::sys;

// The room for a sender's address, as it was before the call.
uint32_t room_of(const Watch& watch, const void* from, const uint32_t* size) {
  return watch.is_on() && from != nullptr && sys::can_read_8(size) ? *size : 0;
}
Address told_address(long result, const void* from, uint32_t room, const uint32_t* size) {
  if (result < 0 || room == 0) return {};
  return {from, *size < room ? *size : room};
}
}  // namespace

HM_HOOK long recv(int fd, void* bytes, size_t size, int flags) {
  const Watch watch(HM_TAP_RECV, fd, flags);
  return watch.told(next::recv(fd, bytes, size, flags), {bytes, size}, {});
}

HM_HOOK long recvfrom(int fd, void* bytes, size_t size, int flags, void* from, uint32_t* from_size) {
  const Watch watch(HM_TAP_RECVFROM, fd, flags);
  const uint32_t room = room_of(watch, from, from_size);
  const long result = next::recvfrom(fd, bytes, size, flags, from, from_size);
  return watch.told(result, {bytes, size}, told_address(result, from, room, from_size));
}

HM_HOOK long recvmsg(int fd, abi::Msghdr* message, int flags) {
  const Watch watch(HM_TAP_RECVMSG, fd, flags);
  const bool readable = watch.is_on() && sys::can_read_8(message) && sys::can_read_8(&message->name_size);
  const uint32_t room = readable && message->name != nullptr ? message->name_size : 0;
  const long result = next::recvmsg(fd, message, flags);
  if (!watch.is_on() || result < 0) return watch.told(result);
  return watch.told(result, message->parts, message->part_count,
                    told_address(result, message->name, room, &message->name_size));
}

HM_HOOK long read(int fd, void* bytes, size_t size) {
  const Watch watch(HM_TAP_READ, fd, 0);
  return watch.told(next::read(fd, bytes, size), {bytes, size}, {});
}

HM_HOOK long readv(int fd, const abi::Iovec* parts, int count) {
  const Watch watch(HM_TAP_READV, fd, 0);
  const long result = next::readv(fd, parts, count);
  return watch.told(result, parts, result > 0 ? static_cast<size_t>(count) : 0, {});
}

HM_HOOK long __recv_chk(int fd, void* bytes, size_t size, size_t room, int flags) {
  const Watch watch(HM_TAP_RECV, fd, flags);
  return watch.told(next::recv_checked(fd, bytes, size, room, flags), {bytes, size}, {});
}

HM_HOOK long __recvfrom_chk(int fd, void* bytes, size_t size, size_t room, int flags, void* from, uint32_t* from_size) {
  const Watch watch(HM_TAP_RECVFROM, fd, flags);
  const uint32_t from_room = room_of(watch, from, from_size);
  const long result = next::recvfrom_checked(fd, bytes, size, room, flags, from, from_size);
  return watch.told(result, {bytes, size}, told_address(result, from, from_room, from_size));
}

HM_HOOK long __read_chk(int fd, void* bytes, size_t size, size_t room) {
  const Watch watch(HM_TAP_READ, fd, 0);
  return watch.told(next::read_checked(fd, bytes, size, room), {bytes, size}, {});
}
