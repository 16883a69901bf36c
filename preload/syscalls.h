// syscalls.h - system calls made in place: they need no libc, leave errno alone and are no cancellation points.
// Each returns what the kernel does: a value, or -errno.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace hivemind::sys {

#if defined(__x86_64__)
enum Number : long {
  nr_read = 0,
  nr_write = 1,
  nr_close = 3,
  nr_mmap = 9,
  nr_munmap = 11,
  nr_rt_sigprocmask = 14,
  nr_pread64 = 17,
  nr_readv = 19,
  nr_writev = 20,
  nr_getpid = 39,
  nr_socket = 41,
  nr_connect = 42,
  nr_sendto = 44,
  nr_recvfrom = 45,
  nr_sendmsg = 46,
  nr_recvmsg = 47,
  nr_shutdown = 48,
  nr_getsockname = 51,
  nr_getpeername = 52,
  nr_setsockopt = 54,
  nr_getsockopt = 55,
  nr_execve = 59,
  nr_getuid = 102,
  nr_geteuid = 107,
  nr_getgid = 104,
  nr_getegid = 108,
  nr_prctl = 157,
  nr_gettid = 186,
  nr_clock_gettime = 228,
  nr_openat = 257,
  nr_sendmmsg = 307,
  nr_statx = 332
};
inline long call(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
enum Number : long {
  nr_openat = 56,
  nr_close = 57,
  nr_read = 63,
  nr_write = 64,
  nr_readv = 65,
  nr_writev = 66,
  nr_pread64 = 67,
  nr_clock_gettime = 113,
  nr_rt_sigprocmask = 135,
  nr_prctl = 167,
  nr_getpid = 172,
  nr_getuid = 174,
  nr_geteuid = 175,
  nr_getgid = 176,
  nr_getegid = 177,
  nr_gettid = 178,
  nr_socket = 198,
  nr_connect = 203,
  nr_getsockname = 204,
  nr_getpeername = 205,
  nr_sendto = 206,
  nr_recvfrom = 207,
  nr_setsockopt = 208,
  nr_getsockopt = 209,
  nr_shutdown = 210,
  nr_sendmsg = 211,
  nr_recvmsg = 212,
  nr_munmap = 215,
  nr_execve = 221,
  nr_mmap = 222,
  nr_sendmmsg = 269,
  nr_statx = 291
};
inline long call(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "hivemind-preload knows the system calls of x86-64 and aarch64"
#endif

// A C cast, as it takes integers, pointers and nullptr alike.
template <typename T>
long as_long(T value) {
  return (long)value;
}
template <typename... Arguments>
long raw(Number number, Arguments... arguments) {
  const long list[6] = {as_long(arguments)...};
  return call(number, list[0], list[1], list[2], list[3], list[4], list[5]);
}

inline int getpid() { return static_cast<int>(raw(nr_getpid)); }
inline uint64_t monotonic_ns() {
  int64_t time[2] = {};
  raw(nr_clock_gettime, 1, &time[0]);
  return static_cast<uint64_t>(time[0]) * 1'000'000'000u + static_cast<uint64_t>(time[1]);
}
inline long getsockopt(int fd, int level, int option, void* value, uint32_t* size) {
  return raw(nr_getsockopt, fd, level, option, value, size);
}

// A descriptor that lives for the length of one question.
class TransientFd {
public:
  explicit TransientFd(long fd) : fd_(static_cast<int>(fd)) {}
  ~TransientFd() {
    if (fd_ >= 0) raw(nr_close, fd_);
  }
  TransientFd(const TransientFd&) = delete;
  TransientFd& operator=(const TransientFd&) = delete;
  bool is_open() const { return fd_ >= 0; }
  int get() const { return fd_; }

private:
  int fd_;
};

// Whether the 8 bytes at `address` may be read. The kernel copies a signal mask before it looks at `how`, so an
// impossible `how` changes nothing and answers EINVAL for readable memory, EFAULT for the rest. (Null means no mask.)
inline bool can_read_8(const void* address) {
  constexpr int impossible_how = -1;
  constexpr long efault = -14;
  return address != nullptr && raw(nr_rt_sigprocmask, impossible_how, address, nullptr, 8) != efault;
}
}  // namespace hivemind::sys
