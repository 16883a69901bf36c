#include "preload/run/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

namespace hivemind::run {
std::vector<int> open_descriptors() {
  std::vector<int> open;
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir("/proc/self/fd"), ::closedir);
  while (const dirent* entry = all ? ::readdir(all.get()) : nullptr)
    if (const int fd = std::atoi(entry->d_name); fd > 2 && fd != ::dirfd(all.get())) open.push_back(fd);
  return open;
}

void fill_standard_descriptors() {
  for (int fd = 0; fd < 3; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR | O_CLOEXEC) < 0) return;
}

void close_from(int first) {
  if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0u, 0u) == 0) return;
  for (const int fd : open_descriptors())  // before Linux 5.9
    if (fd >= first) ::close(fd);
}
}  // namespace hivemind::run
