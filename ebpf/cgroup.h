// cgroup.h - the cgroup (v2) of one run: a leaf below the cgroup that hivemind-run is in, or one that exists.
// Invariant: what is made here is removed here, once nothing lives in it; what existed stays as it is. A leaf lies
// below the caller's own cgroup, so limits, log-in session and whatever watches that cgroup keep holding for the
// command.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "ebpf/unique_fd.h"

namespace hivemind::ebpf {
// Where the kernel shows the cgroup of process `pid`. Throws Refusal.
std::string cgroup_directory_of(pid_t pid);

class RunCgroup {
public:
  // Below the cgroup of `pid`. Throws Refusal.
  RunCgroup(pid_t pid, std::uint64_t run_id);
  // The one with that directory. Throws Refusal.
  explicit RunCgroup(std::string existing);
  RunCgroup(const RunCgroup&) = delete;
  RunCgroup& operator=(const RunCgroup&) = delete;
  ~RunCgroup();  // removes it if it was made here and is empty

  int fd() const { return directory_.get(); }
  const std::string& path() const { return path_; }
  // From now on `pid` and what it starts are in it. Throws Refusal.
  void admit(pid_t pid);
  // Returns when nothing lives in it any more; at once if it existed before.
  void wait_until_empty() const;

private:
  std::string path_;
  bool made_ = true;
  UniqueFd directory_;
};

// Removes what runs left below `directory`, at most `levels` deep, if it is empty and its maker has died.
void remove_left_cgroups(const std::string& directory, int levels);
}  // namespace hivemind::ebpf
