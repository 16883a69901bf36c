#include "next.h"

#include "libc.h"
#include "syscalls.h"

namespace hivemind::tap::next {
namespace {
enum Function {
  fn_connect,
  fn_shutdown,
  fn_close,
  fn_send,
  fn_sendto,
  fn_sendmsg,
  fn_write,
  fn_writev,
  fn_recv,
  fn_recvfrom,
  fn_recvmsg,
  fn_read,
  fn_readv,
  fn_recv_checked,
  fn_recvfrom_checked,
  fn_read_checked,
  function_count
};
constexpr const char* names[function_count] = {
    "connect", "shutdown", "close",   "send", "sendto", "sendmsg",    "write",          "writev",
    "recv",    "recvfrom", "recvmsg", "read", "readv",  "__recv_chk", "__recvfrom_chk", "__read_chk"};
constinit void* functions[function_count] = {};  // (atomic)

void* look_up(Function function) {
  void* const found = libc::find_next(names[function]);
  __atomic_store_n(&functions[function], found, __ATOMIC_RELEASE);
  return found;
}

template <typename Result, typename... Arguments>
Result call(Function function, sys::Number number, Arguments... arguments) {
  void* found = __atomic_load_n(&functions[function], __ATOMIC_ACQUIRE);
  if (found == nullptr) found = look_up(function);
  if (found != nullptr) return reinterpret_cast<Result (*)(Arguments...)>(found)(arguments...);
  return static_cast<Result>(libc::result(sys::raw(number, arguments...)));
}
bool has(Function function) {
  return __atomic_load_n(&functions[function], __ATOMIC_ACQUIRE) != nullptr || look_up(function) != nullptr;
}
}  // namespace

int connect(int fd, const void* to, uint32_t size) { return call<int>(fn_connect, sys::nr_connect, fd, to, size); }
int shutdown(int fd, int how) { return call<int>(fn_shutdown, sys::nr_shutdown, fd, how); }
int close(int fd) { return call<int>(fn_close, sys::nr_close, fd); }

long send(int fd, const void* bytes, size_t size, int flags) {
  if (!has(fn_send)) return sendto(fd, bytes, size, flags, nullptr, 0);
  return call<long>(fn_send, sys::nr_sendto, fd, bytes, size, flags);
}
long sendto(int fd, const void* bytes, size_t size, int flags, const void* to, uint32_t to_size) {
  return call<long>(fn_sendto, sys::nr_sendto, fd, bytes, size, flags, to, to_size);
}
long sendmsg(int fd, const abi::Msghdr* message, int flags) {
  return call<long>(fn_sendmsg, sys::nr_sendmsg, fd, message, flags);
}
long write(int fd, const void* bytes, size_t size) { return call<long>(fn_write, sys::nr_write, fd, bytes, size); }
long writev(int fd, const abi::Iovec* parts, int count) {
  return call<long>(fn_writev, sys::nr_writev, fd, parts, count);
}

long recv(int fd, void* bytes, size_t size, int flags) {
  if (!has(fn_recv)) return recvfrom(fd, bytes, size, flags, nullptr, nullptr);
  return call<long>(fn_recv, sys::nr_recvfrom, fd, bytes, size, flags);
}
long recvfrom(int fd, void* bytes, size_t size, int flags, void* from, uint32_t* from_size) {
  return call<long>(fn_recvfrom, sys::nr_recvfrom, fd, bytes, size, flags, from, from_size);
}
long recvmsg(int fd, abi::Msghdr* message, int flags) {
  return call<long>(fn_recvmsg, sys::nr_recvmsg, fd, message, flags);
}
long read(int fd, void* bytes, size_t size) { return call<long>(fn_read, sys::nr_read, fd, bytes, size); }
long readv(int fd, const abi::Iovec* parts, int count) { return call<long>(fn_readv, sys::nr_readv, fd, parts, count); }

long recv_checked(int fd, void* bytes, size_t size, size_t room, int flags) {
  if (!has(fn_recv_checked)) return recv(fd, bytes, size, flags);
  return call<long>(fn_recv_checked, sys::nr_recvfrom, fd, bytes, size, room, flags);
}
long recvfrom_checked(int fd, void* bytes, size_t size, size_t room, int flags, void* from, uint32_t* from_size) {
  if (!has(fn_recvfrom_checked)) return recvfrom(fd, bytes, size, flags, from, from_size);
  using Signature = long(int, void*, size_t, size_t, int, void*, uint32_t*);
  return reinterpret_cast<Signature*>(functions[fn_recvfrom_checked])(fd, bytes, size, room, flags, from, from_size);
}
long read_checked(int fd, void* bytes, size_t size, size_t room) {
  if (!has(fn_read_checked)) return read(fd, bytes, size);
  return call<long>(fn_read_checked, sys::nr_read, fd, bytes, size, room);
}

void look_up_all() {
  for (int i = 0; i < function_count; ++i) {
    if (__atomic_load_n(&functions[i], __ATOMIC_ACQUIRE) == nullptr) look_up(static_cast<Function>(i));
  }
}
}  // namespace hivemind::tap::next
