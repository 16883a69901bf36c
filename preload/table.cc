#include "table.h"

#include "bytes.h"
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

bool is_trusted(const Statx& file) {
  return file.size == sizeof(hm_table) && (file.mode & type_mask) == regular_file &&
         (file.mode & others_may_write) == 0 && file.uid == static_cast<uint32_t>(sys::raw(sys::nr_geteuid));
}

bool is_valid(const hm_table& table) {
  return table.magic == HM_TABLE_MAGIC && table.version == HM_TABLE_VERSION && table.slot_count == HM_SLOT_COUNT &&
         table.process_count == HM_PROCESS_COUNT && table.uid == static_cast<uint32_t>(sys::raw(sys::nr_geteuid)) &&
         table.environment_size <= sizeof table.environment;
}
}  // namespace

hm_table* map_table(const char* path) {
  const sys::TransientFd file(sys::raw(sys::nr_openat, at_fdcwd, path, o_rdwr | o_cloexec | o_nofollow));
  Statx stat;
  if (!file.is_open() || sys::raw(sys::nr_statx, file.get(), "", at_empty_path, statx_basic, &stat) != 0)
    return nullptr;
  if (!is_trusted(stat)) return nullptr;
  const long address = sys::raw(sys::nr_mmap, nullptr, sizeof(hm_table), prot_read_write, map_shared, file.get(), 0);
  if (address < 0 && address > -4096) return nullptr;
  auto* table = reinterpret_cast<hm_table*>(address);
  if (is_valid(*table)) return table;
  sys::raw(sys::nr_munmap, address, sizeof(hm_table));
  return nullptr;
}
}  // namespace hivemind
