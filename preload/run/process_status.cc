#include "preload/run/process_status.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>

#include "preload/run/unique_fd.h"

namespace hivemind::run {
namespace {
std::string read_proc(const std::string& name) {
  const UniqueFd file(::open(("/proc/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  std::string bytes;
  char chunk[4096];
  for (ssize_t n; file && (n = ::read(file.get(), chunk, sizeof chunk)) > 0;)
    bytes.append(chunk, static_cast<std::size_t>(n));
  return bytes;
}

struct Status {
  char state = '\0';
  int parent = 0;
};
Status status_of(int pid) {
  const auto text = read_proc(std::to_string(pid) + "/stat");
  const auto name_end = text.rfind(')');  // the name may hold anything
  if (name_end == text.npos || name_end + 4 >= text.size()) return {};
  return {text[name_end + 2], std::atoi(text.c_str() + name_end + 4)};
}

bool carries(int pid, std::string_view assignment) {
  if (!is_alive(pid)) return false;
  const auto environment = read_proc(std::to_string(pid) + "/environ");
  const auto at = environment.find(assignment);
  return at != environment.npos && (at == 0 || environment[at - 1] == '\0') &&
         (at + assignment.size() == environment.size() || environment[at + assignment.size()] == '\0');
}

// The number most recently given to a process here; numbers have wrapped when it is below ours.
int newest_process() {
  const auto load = read_proc("loadavg");
  return std::atoi(load.c_str() + std::min(load.rfind(' ') + 1, load.size()));
}
}  // namespace

char state_of(int pid) { return status_of(pid).state; }

std::string name_of(int pid) {
  auto name = read_proc(std::to_string(pid) + "/comm");
  if (!name.empty()) name.pop_back();
  return name;
}

bool is_alive(int pid) {
  if (::kill(pid, 0) != 0 && errno == ESRCH) return false;
  const char state = state_of(pid);
  return state != '\0' && state != 'Z' && state != 'X';
}

bool descends_from(int pid, int ancestor) {
  for (int depth = 0; pid > 1 && depth < 64; ++depth) {
    if (pid == ancestor) return true;
    pid = status_of(pid).parent;
  }
  return false;
}

std::vector<int> processes_with(std::string_view assignment, int first, const std::vector<int>& suspects) {
  std::vector<int> found;
  for (const int pid : suspects)
    if (carries(pid, assignment)) found.push_back(pid);
  const bool wrapped = newest_process() < first;
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir("/proc"), ::closedir);
  while (const dirent* entry = all ? ::readdir(all.get()) : nullptr) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 0 || (pid <= first && !wrapped) || pid == ::getpid()) continue;
    if (std::find(found.begin(), found.end(), pid) == found.end() && carries(pid, assignment)) found.push_back(pid);
  }
  return found;
}
}  // namespace hivemind::run
