#include "ebpf/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <vector>

#include "ebpf/refusal.h"
#include "hivemind/ebpf.h"

namespace hivemind::ebpf {
namespace {
struct Mount {
  std::string root, point;
};

// The kernel writes blanks and backslashes in paths as \ooo.
std::string unescaped(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain.push_back(static_cast<char>(std::strtol(text.substr(i + 1, 3).c_str(), nullptr, 8)));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

std::optional<Mount> cgroup2_mount() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string id, parent, device, root, point, word;
    words >> id >> parent >> device >> root >> point;
    while (words >> word && word != "-") {
    }
    std::string type;
    if (words >> type && type == "cgroup2") return Mount{unescaped(root), unescaped(point)};
  }
  return std::nullopt;
}

std::optional<std::string> cgroup2_path_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cgroup");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::")) return line.substr(3);
  return std::nullopt;
}

std::string leaf_name(pid_t pid, std::uint64_t run_id) {
  char name[64];
  std::snprintf(name, sizeof name, HM_CGROUP_PREFIX "%d-%016llx", static_cast<int>(pid),
                static_cast<unsigned long long>(run_id));
  return name;
}

bool is_populated(int events) {
  char text[256] = {};
  const auto n = ::pread(events, text, sizeof text - 1, 0);
  return n > 0 && std::strstr(text, "populated 1") != nullptr;
}

std::vector<std::string> directories_in(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir(path.c_str()), ::closedir);
  while (const dirent* entry = all ? ::readdir(all.get()) : nullptr)
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  return names;
}
}  // namespace

std::string cgroup_directory_of(pid_t pid) {
  const auto mount = cgroup2_mount();
  if (!mount) throw Refusal("no cgroup2 file system is mounted here (mount -t cgroup2 none /sys/fs/cgroup/unified)");
  const auto path = cgroup2_path_of(pid);
  if (!path) throw Refusal("the kernel does not tell the cgroup of process " + std::to_string(pid));
  std::string below = *path == "/" ? "" : *path;
  if (mount->root != "/" && below.starts_with(mount->root)) below.erase(0, mount->root.size());
  return mount->point + below;
}

RunCgroup::RunCgroup(pid_t pid, std::uint64_t run_id) {
  const std::string above = cgroup_directory_of(pid);
  remove_left_cgroups(above, 0);
  path_ = above + "/" + leaf_name(pid, run_id);
  if (::mkdir(path_.c_str(), 0755) != 0) {
    const auto refusal = failed_to("make a cgroup below " + above);
    throw errno == EACCES || errno == EPERM
        ? Refusal(std::string(refusal.what()) +
                  "; start it by `systemd-run --user --scope`, or have hivemind-ebpf run "
                  "as a service")
        : refusal;
  }
  directory_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory_) return;
  const auto refusal = failed_to("open " + path_);
  ::rmdir(path_.c_str());
  throw refusal;
}

RunCgroup::RunCgroup(std::string existing) : path_(std::move(existing)), made_(false) {
  directory_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct statfs system {};
  if (!directory_) throw failed_to("open " + path_);
  if (::fstatfs(directory_.get(), &system) != 0 || system.f_type != CGROUP2_SUPER_MAGIC)
    throw Refusal(path_ + " is no cgroup (v2)");
}

RunCgroup::~RunCgroup() {
  if (made_) ::rmdir(path_.c_str());
}

void RunCgroup::admit(pid_t pid) {
  if (!made_) throw Refusal("processes are not moved to " + path_);
  const UniqueFd members(::openat(directory_.get(), "cgroup.procs", O_WRONLY | O_CLOEXEC));
  const std::string number = std::to_string(pid);
  if (!members || ::write(members.get(), number.data(), number.size()) < 0)
    throw failed_to("put process " + number + " into " + path_);
}

void RunCgroup::wait_until_empty() const {
  if (!made_) return;
  const UniqueFd events(::openat(directory_.get(), "cgroup.events", O_RDONLY | O_CLOEXEC));
  while (events && is_populated(events.get())) {
    pollfd changed{events.get(), POLLPRI, 0};
    ::poll(&changed, 1, 10'000);
  }
}

void remove_left_cgroups(const std::string& directory, int levels) {
  for (const auto& name : directories_in(directory)) {
    const std::string path = directory + "/" + name;
    if (levels > 0) remove_left_cgroups(path, levels - 1);
    if (!name.starts_with(HM_CGROUP_PREFIX)) continue;
    const auto maker = static_cast<pid_t>(std::atoi(name.c_str() + sizeof HM_CGROUP_PREFIX - 1));
    if (maker > 0 && ::kill(maker, 0) != 0 && errno == ESRCH) ::rmdir(path.c_str());
  }
}
}  // namespace hivemind::ebpf
