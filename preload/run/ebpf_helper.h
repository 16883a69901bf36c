// ebpf_helper.h - the connection to hivemind-ebpf (hivemind/ebpf.h), which owns the privilege that capture needs.
// Invariant: the run is captured as long as this lives, here or in a process forked from here.
#pragma once
#include <cstdint>
#include <string>

#include "preload/run/result.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
struct EbpfHelper {
  UniqueFd socket;
  UniqueFd table;      // the map
  std::string cgroup;  // the run's, as a directory

  // Starts the program beside ours where it has the privilege, else asks the one that runs as a service. Waits for
  // either at most 10 s.
  // `cgroup`: to be captured as it is, for root alone; empty: one is made for the run.
  static Result<EbpfHelper> ask(std::uint64_t run_id, const std::string& cgroup = {});
  // In a process of the run: puts it into the run's cgroup. What went wrong, or empty.
  std::string enter() const;
  bool has_gone() const;
};
}  // namespace hivemind::run
