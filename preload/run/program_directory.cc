#include "preload/run/program_directory.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <string_view>

namespace hivemind::run {
std::string program_directory() {
  char path[PATH_MAX];
  const auto n = ::readlink("/proc/self/exe", path, sizeof path);
  const std::string_view whole(path, n > 0 ? static_cast<std::size_t>(n) : 0);
  return std::string(whole.substr(0, std::min(whole.rfind('/'), whole.size())));
}
}  // namespace hivemind::run
