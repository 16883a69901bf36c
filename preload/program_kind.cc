#include "program_kind.h"

#include <stdint.h>

#include "syscalls.h"
#include "variables.h"

namespace hivemind {
namespace {
constexpr int at_fdcwd = -100, o_cloexec = 02000000, o_nonblock = 04000;  // read-only; a FIFO is not waited for
constexpr uint8_t class_64 = 2;
#if defined(__x86_64__)
constexpr uint16_t our_machine = 62;
#else
constexpr uint16_t our_machine = 183;
#endif

struct ElfHead {  // the start of Elf64_Ehdr, and of Elf32_Ehdr
  uint8_t magic[4], word_size, rest[11];
  uint16_t type, machine;
};
static_assert(sizeof(ElfHead) == 20);

enum class Found { nothing, takes_us, other };
Found look(const char* path) {
  const sys::TransientFd file(sys::raw(sys::nr_openat, at_fdcwd, path, o_cloexec | o_nonblock));
  if (!file.is_open()) return Found::nothing;
  return takes_our_object(file.get()) ? Found::takes_us : Found::other;
}
}  // namespace

bool takes_our_object(int fd) {
  constexpr uint8_t magic[4] = {0x7F, 'E', 'L', 'F'};
  ElfHead head = {};
  if (sys::raw(sys::nr_pread64, fd, &head, sizeof head, 0) != sizeof head) return true;
  if (!equal_bytes(head.magic, magic, sizeof magic)) return true;
  return head.word_size == class_64 && head.machine == our_machine;
}

bool takes_our_object(const char* path) { return look(path) != Found::other; }

bool takes_our_object_on_path(const char* file, char* const* environment) {
  constexpr size_t longest = 4096;
  size_t size = 0;
  // Unreadable memory is the kernel's to judge; what is longer is no name.
  for (; size < 256; ++size) {
    if ((size == 0 || reinterpret_cast<uintptr_t>(file + size) % 4096 == 0) &&
        !sys::can_read_8(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(file + size) & ~uintptr_t{7}))) {
      return true;
    }
    if (file[size] == '/') return takes_our_object(file);
    if (file[size] == '\0') break;
  }
  const char* folders = environment != nullptr ? HM_FIND(environment, "PATH") : nullptr;
  if (folders == nullptr || size == 0 || size == 256) return true;
  char path[longest];
  while (true) {
    size_t end = 0;
    while (folders[end] != '\0' && folders[end] != ':') ++end;
    if (end + size + 2 <= longest) {
      copy_bytes(path, folders, end);
      size_t at = end;
      if (at > 0) path[at++] = '/';
      copy_bytes(path + at, file, size + 1);
      const Found found = look(path);
      if (found != Found::nothing) return found == Found::takes_us;
    }
    if (folders[end] == '\0') return true;
    folders += end + 1;
  }
}
}  // namespace hivemind
