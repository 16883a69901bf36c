#include "net/process_sockets.h"

#include <dirent.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace hivemind {
namespace {
constexpr std::size_t most_processes = 512;

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

bool holds(const std::string& process, const std::string& link) {
  const Folder folder(::opendir((process + "/fd").c_str()));
  char target[64];
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const auto n = ::readlinkat(::dirfd(folder.get()), entry->d_name, target, sizeof target);
    if (n > 0 && link == std::string_view(target, static_cast<std::size_t>(n))) return true;
  }
  return false;
}

// Each thread has its own children.
void add_children(const std::string& process, std::vector<std::int32_t>& all) {
  const Folder threads(::opendir((process + "/task").c_str()));
  while (const dirent* entry = threads ? ::readdir(threads.get()) : nullptr) {
    if (entry->d_name[0] == '.') continue;
    std::ifstream children(process + "/task/" + entry->d_name + "/children");
    for (std::int32_t pid = 0; children >> pid;) all.push_back(pid);
  }
}
}  // namespace

std::int32_t process_with_socket(std::int32_t root, std::uint32_t inode) {
  const std::string link = "socket:[" + std::to_string(inode) + "]";
  std::vector<std::int32_t> all{root};
  for (std::size_t i = 0; i < all.size() && i < most_processes; ++i) {
    const std::string process = "/proc/" + std::to_string(all[i]);
    if (holds(process, link)) return all[i];
    add_children(process, all);
  }
  return 0;
}
}  // namespace hivemind
