// libc.h - the functions our hooks stand before, and the few things we ask of a libc that may not be there.
// Every reference is weak. Without a libc the pointers are null, nobody calls our hooks, and a hook that is called all
// the same makes the system call itself.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

#define HM_HOOK extern "C" __attribute__((visibility("default")))

namespace hivemind::libc {

// errno of the calling thread; reads 0 and ignores writes without a libc.
int error();
void set_error(int error);
// A raw system call's result as libc returns it.
long result(long raw);

// `environ`, or nullptr while libc has not set it.
char** environment();
// Whether the program runs with privileges its user lacks (AT_SECURE).
bool is_secure();

// The next definition of each hooked function. connect, sendto, sendmsg, sendmmsg are cancellation points as ever.
int connect(int fd, const void* to, uint32_t size);
long sendto(int fd, const void* bytes, size_t size, int flags, const void* to, uint32_t to_size);
long sendmsg(int fd, const abi::Msghdr* message, int flags);
int sendmmsg(int fd, abi::Mmsghdr* messages, unsigned count, int flags);
int getaddrinfo(const char* node, const char* service, const abi::Addrinfo* hints, abi::Addrinfo** list);
int execvpe(const char* file, char* const* arguments, char* const* environment);
int fexecve(int fd, char* const* arguments, char* const* environment);
using Spawn = int(int* pid, const char* path, const void* actions, const void* attributes, char* const* arguments,
                  char* const* environment);
Spawn posix_spawn, posix_spawnp;

// The next definition of any function after the object this is linked into, or nullptr. Costly; not for hooks.
void* find_next(const char* name);

// Looks all of the above up now, so that no hook has to while it runs in a signal handler or a vfork child.
void look_up_all();
}  // namespace hivemind::libc
