#include "preload/run/seccomp_filter.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "preload/run/seccomp_abi.h"

namespace hivemind::run {
namespace {
using namespace seccomp_abi;

constexpr std::uint32_t low_word(unsigned argument) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + sizeof(std::uint64_t) * argument);
}
constexpr sock_filter load(std::size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}
constexpr sock_filter when(std::uint16_t test, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
  return {static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), yes, no, value};
}
constexpr sock_filter end(std::uint32_t action) { return {BPF_RET | BPF_K, 0, 0, action}; }
}  // namespace

std::vector<sock_filter> held_calls(bool x32) {
  return {
      load(offsetof(seccomp_data, arch)),
      when(BPF_JEQ, native, 0, 12),
      load(offsetof(seccomp_data, nr)),
      x32 ? sock_filter{BPF_ALU | BPF_AND | BPF_K, 0, 0, ~x32_bit} : when(BPF_JGE, x32_bit, 3, 0),
      when(BPF_JEQ, SYS_connect, 8, 0),
      when(BPF_JEQ, SYS_sendto, 2, 0),
      when(BPF_JEQ, SYS_sendmsg, 3, 0),
      end(SECCOMP_RET_ALLOW),
      load(low_word(3)),  // sendto's flags
      when(BPF_JSET, MSG_FASTOPEN, 3, 2),
      load(low_word(2)),  // sendmsg's flags
      when(BPF_JSET, MSG_FASTOPEN, 1, 0),
      end(SECCOMP_RET_ALLOW),
      end(SECCOMP_RET_USER_NOTIF),
      when(BPF_JEQ, narrow, 0, 5),
      load(offsetof(seccomp_data, nr)),
      when(BPF_JEQ, narrow_connect, 4, 0),
      when(BPF_JEQ, narrow_socketcall, 0, 2),
      load(low_word(0)),
      when(BPF_JEQ, socketcall_connect, 1, 0),
      end(SECCOMP_RET_ALLOW),
      end(SECCOMP_RET_USER_NOTIF),
  };
}

bool kernel_runs_x32() {
#if defined(__x86_64__)
  return ::syscall(static_cast<long>(x32_bit | SYS_getpid)) > 0;
#else
  return false;
#endif
}

Filter install_filter() {
  auto instructions = held_calls(kernel_runs_x32());
  const sock_fprog program{static_cast<unsigned short>(instructions.size()), instructions.data()};
  // WAIT_KILLABLE_RECV: once we have a call, only death interrupts it; else Go's SIGURG would restart it for ever.
  constexpr unsigned flags =
      SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  const auto install = [&] {
    return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
  };
  Filter filter;
  filter.listener = install();
  if (filter.listener < 0 && errno == EACCES) {  // without CAP_SYS_ADMIN it must not be able to fool setuid programs
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return {-errno, false};
    filter.rights_locked = true;
    filter.listener = install();
  }
  if (filter.listener < 0) filter.listener = -errno;
  return filter;
}
}  // namespace hivemind::run
