// next.h - the functions the tap stands before: libhivemind-preload.so's where it is loaded after us, else libc's.
// Cancellation points stay that. Without a libc they are system calls.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

namespace hivemind::tap::next {

int connect(int fd, const void* to, uint32_t size);
int shutdown(int fd, int how);
int close(int fd);

long send(int fd, const void* bytes, size_t size, int flags);
long sendto(int fd, const void* bytes, size_t size, int flags, const void* to, uint32_t to_size);
long sendmsg(int fd, const abi::Msghdr* message, int flags);
long write(int fd, const void* bytes, size_t size);
long writev(int fd, const abi::Iovec* parts, int count);

long recv(int fd, void* bytes, size_t size, int flags);
long recvfrom(int fd, void* bytes, size_t size, int flags, void* from, uint32_t* from_size);
long recvmsg(int fd, abi::Msghdr* message, int flags);
long read(int fd, void* bytes, size_t size);
long readv(int fd, const abi::Iovec* parts, int count);

// What programs built with _FORTIFY_SOURCE call instead; glibc aborts in them when `size` is beyond `room`.
long recv_checked(int fd, void* bytes, size_t size, size_t room, int flags);
long recvfrom_checked(int fd, void* bytes, size_t size, size_t room, int flags, void* from, uint32_t* from_size);
long read_checked(int fd, void* bytes, size_t size, size_t room);

// Looks all of the above up now, so that no hook has to while it runs in a signal handler or a vfork child.
void look_up_all();
}  // namespace hivemind::tap::next
