// seccomp_abi.h - the numbers that a held call is told by: of this architecture, and of the 32-bit one that shares it.
#pragma once
#include <linux/audit.h>

#include <cstdint>

namespace hivemind::run::seccomp_abi {
#if defined(__x86_64__)
constexpr std::uint32_t native = AUDIT_ARCH_X86_64, narrow = AUDIT_ARCH_I386;
constexpr std::uint32_t narrow_connect = 362;
#else
constexpr std::uint32_t native = AUDIT_ARCH_AARCH64, narrow = AUDIT_ARCH_ARM;
constexpr std::uint32_t narrow_connect = 283;
#endif
constexpr std::uint32_t narrow_socketcall = 102;
constexpr std::uint32_t socketcall_connect = 3;  // its first argument
constexpr std::uint32_t x32_bit = 0x40000000;    // set in the numbers of x32 programs, which are of the native kind
}  // namespace hivemind::run::seccomp_abi
