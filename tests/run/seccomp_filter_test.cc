#include "preload/run/seccomp_filter.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cstring>

#include "preload/run/seccomp_abi.h"

namespace hivemind::run {
namespace {
using namespace seccomp_abi;

// The few instructions that filters of ours are made of, as the kernel carries them out.
std::uint32_t verdict(const std::vector<sock_filter>& program, const seccomp_data& call) {
  std::uint32_t a = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const auto& one = program[at];
    const auto jump = [&](bool yes) { at += yes ? one.jt : one.jf; };
    switch (one.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&a, reinterpret_cast<const char*>(&call) + one.k, sizeof a);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= one.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump(a == one.k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump(a >= one.k);
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        jump((a & one.k) != 0);
        break;
      case BPF_RET | BPF_K:
        return one.k;
      default:
        ADD_FAILURE() << "instruction " << at;
        return 0;
    }
  }
  ADD_FAILURE() << "the filter has no end";
  return 0;
}

TEST(SeccompFilter, HoldsConnectsAndNothingElse) {
  const struct {
    const char* name;
    std::uint32_t arch;
    std::uint32_t number;
    std::uint64_t arguments[6];
    bool held;
    bool held_with_x32;
  } cases[] = {
      {"connect", native, SYS_connect, {}, true, true},
      {"the other numbers", native, SYS_accept4, {}, false, false},
      {"read", native, SYS_read, {}, false, false},
      {"sendto", native, SYS_sendto, {3, 0, 0, MSG_NOSIGNAL}, false, false},
      {"sendto that opens", native, SYS_sendto, {3, 0, 0, MSG_FASTOPEN | MSG_NOSIGNAL}, true, true},
      {"sendmsg", native, SYS_sendmsg, {3, 0, MSG_DONTWAIT}, false, false},
      {"sendmsg that opens", native, SYS_sendmsg, {3, 0, MSG_FASTOPEN}, true, true},
      {"sendmsg: its third argument counts", native, SYS_sendmsg, {3, 0, 0, MSG_FASTOPEN}, false, false},
      {"x32 connect", native, SYS_connect | x32_bit, {}, false, true},
      {"x32 read", native, SYS_read | x32_bit, {}, false, false},
      {"32-bit connect", narrow, narrow_connect, {}, true, true},
      {"32-bit socketcall: connect", narrow, narrow_socketcall, {socketcall_connect}, true, true},
      {"32-bit socketcall: bind", narrow, narrow_socketcall, {2}, false, false},
      {"32-bit: what is connect elsewhere", narrow, SYS_connect, {}, false, false},
      {"another architecture", 0x1234, SYS_connect, {}, false, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    seccomp_data call{};
    call.arch = c.arch;
    call.nr = static_cast<int>(c.number);
    std::memcpy(call.args, c.arguments, sizeof call.args);
    EXPECT_EQ(verdict(held_calls(false), call), c.held ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW);
    EXPECT_EQ(verdict(held_calls(true), call), c.held_with_x32 ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW);
  }
}
}  // namespace
}  // namespace hivemind::run
