#include "mapped_file.h"

#include <stdint.h>

#include "syscalls.h"

namespace hivemind {
namespace {
constexpr int at_fdcwd = -100, at_empty_path = 0x1000;
constexpr int o_rdwr = 2, o_cloexec = 02000000;
#if defined(__x86_64__)
constexpr int o_nofollow = 0400000;
#else
constexpr int o_nofollow = 0100000;
#endif
constexpr int prot_read_write = 3, map_shared = 1;
constexpr unsigned statx_basic = 0x7FF;
constexpr uint16_t type_mask = 0170000, regular_file = 0100000, others_may_write = 0022;

struct Statx {  // struct statx of the kernel: one layout for all architectures
  uint32_t mask, block_size;
  uint64_t attributes;
  uint32_t links, uid, gid;
  uint16_t mode, spare;
  uint64_t inode, size;
  uint8_t rest[256 - 48];
};
static_assert(sizeof(Statx) == 256);

bool is_trusted(const Statx& file, size_t size) {
  return file.size == size && (file.mode & type_mask) == regular_file && (file.mode & others_may_write) == 0 &&
         file.uid == static_cast<uint32_t>(sys::raw(sys::nr_geteuid));
}
}  // namespace

void* map_file(const char* path, size_t size) {
  const sys::TransientFd file(sys::raw(sys::nr_openat, at_fdcwd, path, o_rdwr | o_cloexec | o_nofollow));
  Statx stat;
  if (!file.is_open() || sys::raw(sys::nr_statx, file.get(), "", at_empty_path, statx_basic, &stat) != 0)
    return nullptr;
  if (!is_trusted(stat, size)) return nullptr;
  const long address = sys::raw(sys::nr_mmap, nullptr, size, prot_read_write, map_shared, file.get(), 0);
  return address < 0 && address > -4096 ? nullptr : reinterpret_cast<void*>(address);
}

void unmap_file(void* address, size_t size) { sys::raw(sys::nr_munmap, address, size); }
}  // namespace hivemind
