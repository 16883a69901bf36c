#include "preload/run/cgroup.h"

#include <fcntl.h>
#include <unistd.h>

#include "hivemind/ebpf.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
std::string outside_of_runs(const std::string& cgroup) {
  const auto at = cgroup.find("/" HM_CGROUP_PREFIX);
  return at == cgroup.npos ? std::string() : cgroup.substr(0, at);
}

void move_to_cgroup(const std::string& directory) {
  if (directory.empty()) return;
  const UniqueFd members(::open((directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  // Who may not is still not captured (hm_kernel_table.daemon_pid); it only keeps the cgroup alive.
  if (members && ::write(members.get(), "0", 1) < 0) return;
}
}  // namespace hivemind::run
