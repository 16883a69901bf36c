// programs.h - the BPF programs of one run (redirect.bpf.c), loaded and attached to its cgroup.
// Invariant: everything is held by this object and by bpf_links, so when it or its process goes, by whatever death, the
// kernel detaches all of it. Nothing is pinned.
#pragma once
#include <memory>

struct redirect_bpf;

namespace hivemind::ebpf {
class Programs {
public:
  // Attaches to the cgroup whose directory is `cgroup`. Throws Refusal.
  explicit Programs(int cgroup);
  int table() const;  // the map whose value is struct hm_kernel_table

private:
  struct Destroy {
    void operator()(redirect_bpf* programs) const noexcept;
  };
  std::unique_ptr<redirect_bpf, Destroy> programs_;
};
}  // namespace hivemind::ebpf
