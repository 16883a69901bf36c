#include "libc.h"

#include "syscalls.h"

#define HM_WEAK extern "C" __attribute__((weak, visibility("default")))
HM_WEAK int* __errno_location();
HM_WEAK char** environ;
HM_WEAK unsigned long getauxval(unsigned long type);
HM_WEAK void* dlsym(void* handle, const char* name);
// glibc before 2.34 keeps dlsym in libdl, which few programs load; these are the same thing inside its libc.
HM_WEAK void* __libc_dlopen_mode(const char* name, int mode);
HM_WEAK void* __libc_dlsym(void* handle, const char* name);
HM_WEAK int __connect(int fd, const void* to, uint32_t size);

namespace hivemind::libc {
namespace {
constexpr unsigned long at_secure = 23;
constexpr int rtld_now = 2, rtld_dlopen = static_cast<int>(0x80000000u);
constexpr int eai_system = -11;

enum Function {
  fn_connect,
  fn_sendto,
  fn_sendmsg,
  fn_sendmmsg,
  fn_getaddrinfo,
  fn_execvpe,
  fn_fexecve,
  fn_posix_spawn,
  fn_posix_spawnp,
  function_count
};
constexpr const char* names[function_count] = {"connect", "sendto",  "sendmsg",     "sendmmsg",    "getaddrinfo",
                                               "execvpe", "fexecve", "posix_spawn", "posix_spawnp"};
constinit void* functions[function_count] = {};  // (atomic)

void* look_up(Function function) {
  void* const found = find_next(names[function]);
  __atomic_store_n(&functions[function], found, __ATOMIC_RELEASE);
  return found;
}

template <typename Signature>
Signature* next(Function function) {
  void* found = __atomic_load_n(&functions[function], __ATOMIC_ACQUIRE);
  if (found == nullptr) found = look_up(function);
  return reinterpret_cast<Signature*>(found);
}
}  // namespace

// Never inlined, and dlsym is no tail call: RTLD_NEXT means "after the object that dlsym returns to".
__attribute__((noinline)) void* find_next(const char* name) {
  void* found = nullptr;
  if (&dlsym != nullptr) {
    void* const rtld_next = reinterpret_cast<void*>(-1L);
    found = dlsym(rtld_next, name);
    asm volatile("" ::: "memory");  // so that the call above is no tail call
  } else if (&__libc_dlopen_mode != nullptr && &__libc_dlsym != nullptr) {
    void* const libc = __libc_dlopen_mode("libc.so.6", rtld_now | rtld_dlopen);
    if (libc != nullptr) found = __libc_dlsym(libc, name);
  }
  return found;
}

int error() { return &__errno_location != nullptr ? *__errno_location() : 0; }
void set_error(int error) {
  if (&__errno_location != nullptr) *__errno_location() = error;
}
long result(long raw) {
  if (raw >= 0 || raw < -4095) return raw;
  set_error(static_cast<int>(-raw));
  return -1;
}

char** environment() { return &environ != nullptr ? environ : nullptr; }

bool is_secure() {
  if (&getauxval != nullptr) return getauxval(at_secure) != 0;
  return sys::raw(sys::nr_getuid) != sys::raw(sys::nr_geteuid) || sys::raw(sys::nr_getgid) != sys::raw(sys::nr_getegid);
}

int connect(int fd, const void* to, uint32_t size) {
  if (&__connect != nullptr) return __connect(fd, to, size);
  if (auto* const f = next<int(int, const void*, uint32_t)>(fn_connect)) return f(fd, to, size);
  return static_cast<int>(result(sys::raw(sys::nr_connect, fd, to, size)));
}
long sendto(int fd, const void* bytes, size_t size, int flags, const void* to, uint32_t to_size) {
  if (auto* const f = next<long(int, const void*, size_t, int, const void*, uint32_t)>(fn_sendto)) {
    return f(fd, bytes, size, flags, to, to_size);
  }
  return result(sys::raw(sys::nr_sendto, fd, bytes, size, flags, to, to_size));
}
long sendmsg(int fd, const abi::Msghdr* message, int flags) {
  if (auto* const f = next<long(int, const abi::Msghdr*, int)>(fn_sendmsg)) return f(fd, message, flags);
  return result(sys::raw(sys::nr_sendmsg, fd, message, flags));
}
int sendmmsg(int fd, abi::Mmsghdr* messages, unsigned count, int flags) {
  if (auto* const f = next<int(int, abi::Mmsghdr*, unsigned, int)>(fn_sendmmsg)) return f(fd, messages, count, flags);
  return static_cast<int>(result(sys::raw(sys::nr_sendmmsg, fd, messages, count, flags)));
}
int getaddrinfo(const char* node, const char* service, const abi::Addrinfo* hints, abi::Addrinfo** list) {
  using Signature = int(const char*, const char*, const abi::Addrinfo*, abi::Addrinfo**);
  if (auto* const f = next<Signature>(fn_getaddrinfo)) return f(node, service, hints, list);
  set_error(abi::enosys);
  return eai_system;
}
int execvpe(const char* file, char* const* arguments, char* const* environment) {
  if (auto* const f = next<int(const char*, char* const*, char* const*)>(fn_execvpe)) {
    return f(file, arguments, environment);
  }
  return static_cast<int>(result(sys::raw(sys::nr_execve, file, arguments, environment)));
}
int fexecve(int fd, char* const* arguments, char* const* environment) {
  if (auto* const f = next<int(int, char* const*, char* const*)>(fn_fexecve)) return f(fd, arguments, environment);
  return static_cast<int>(result(-abi::enosys));
}
int posix_spawn(int* pid, const char* path, const void* actions, const void* attributes, char* const* arguments,
                char* const* environment) {
  auto* const f = next<Spawn>(fn_posix_spawn);
  return f != nullptr ? f(pid, path, actions, attributes, arguments, environment) : abi::enosys;
}
int posix_spawnp(int* pid, const char* file, const void* actions, const void* attributes, char* const* arguments,
                 char* const* environment) {
  auto* const f = next<Spawn>(fn_posix_spawnp);
  return f != nullptr ? f(pid, file, actions, attributes, arguments, environment) : abi::enosys;
}

void look_up_all() {
  for (int i = 0; i < function_count; ++i) {
    if (__atomic_load_n(&functions[i], __ATOMIC_ACQUIRE) == nullptr) look_up(static_cast<Function>(i));
  }
}
}  // namespace hivemind::libc
