// seccomp_target.h - whose a held call is: the process of a thread, its memory and its descriptors.
// Invariant: what is remembered of a thread is checked against the kernel each time it is used, so that a reused id
// names its new owner. A thread that has a held call lives; what was read before its call is known to be held still
// (seccomp_notify.h) belongs to it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "hivemind/token_table.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
// Whether all `size` bytes were read; errno says why not (EPERM: the process lets nobody look into it).
bool read_memory(int tid, std::uint64_t address, void* to, std::size_t size);

struct TargetProcess {
  int pid = 0;                             // of the thread group
  std::uint32_t entry = HM_PROCESS_COUNT;  // of the run's process table
  bool exempt = false;                     // HIVEMIND_DISABLE=1, or one of our own programs
  bool preloaded = false;                  // the preload object is in it, and counts what goes direct
  std::uint64_t looked_at_ns = 0;
};

class Targets {
public:
  explicit Targets(hm_table& table);

  // The process of thread `tid`; nothing when it cannot be told.
  std::optional<TargetProcess> find(int tid, std::uint64_t now_ns);

  // The very open file that `fd` is in that thread; none: errno says why.
  UniqueFd share_descriptor(int tid, int fd);

private:
  struct Thread {
    int pid = 0;
    UniqueFd pidfd;
  };
  Thread* thread(int tid);
  void look_at(TargetProcess& process, std::uint64_t now_ns);
  void forget_ended();

  hm_table& table_;
  std::unordered_map<int, Thread> threads_;
  std::unordered_map<int, TargetProcess> processes_;
};
}  // namespace hivemind::run
