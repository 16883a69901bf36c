// statx.h - what the kernel tells about an open file.
#pragma once
#include <stdint.h>

#include "syscalls.h"

namespace hivemind::sys {

struct Statx {  // struct statx of the kernel: one layout for all architectures
  uint32_t mask, block_size;
  uint64_t attributes;
  uint32_t links, uid, gid;
  uint16_t mode, spare;
  uint64_t inode, size;
  uint8_t rest[256 - 48];
};
static_assert(sizeof(Statx) == 256);

inline bool statx(int fd, Statx& to) {
  constexpr int at_empty_path = 0x1000;
  constexpr unsigned basic = 0x7FF;
  return raw(nr_statx, fd, "", at_empty_path, basic, &to) == 0;
}
}  // namespace hivemind::sys
