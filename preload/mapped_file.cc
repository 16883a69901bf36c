#include "mapped_file.h"

#include <stdint.h>

#include "statx.h"
#include "syscalls.h"

namespace hivemind {
namespace {
constexpr int at_fdcwd = -100;
constexpr int o_rdwr = 2, o_cloexec = 02000000;
#if defined(__x86_64__)
constexpr int o_nofollow = 0400000;
#else
constexpr int o_nofollow = 0100000;
#endif
constexpr int prot_read_write = 3, map_shared = 1;
constexpr uint16_t type_mask = 0170000, regular_file = 0100000, others_may_write = 0022;

bool is_trusted(const sys::Statx& file, size_t size) {
  return file.size == size && (file.mode & type_mask) == regular_file && (file.mode & others_may_write) == 0 &&
         file.uid == static_cast<uint32_t>(sys::raw(sys::nr_geteuid));
}
}  // namespace

void* map_file(const char* path, size_t size) {
  const sys::TransientFd file(sys::raw(sys::nr_openat, at_fdcwd, path, o_rdwr | o_cloexec | o_nofollow));
  sys::Statx stat;
  if (!file.is_open() || !sys::statx(file.get(), stat) || !is_trusted(stat, size)) return nullptr;
  const long address = sys::raw(sys::nr_mmap, nullptr, size, prot_read_write, map_shared, file.get(), 0);
  return address < 0 && address > -4096 ? nullptr : reinterpret_cast<void*>(address);
}

void unmap_file(void* address, size_t size) { sys::raw(sys::nr_munmap, address, size); }
}  // namespace hivemind
