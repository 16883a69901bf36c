#include "preload/run/uncovered.h"

namespace hivemind::run {
namespace {
constexpr const char* use_ebpf = "the eBPF helper (hivemind-ebpf) captures them";
}

std::vector<Uncovered> what_stays_uncovered(const Program& program, const Choice& choice) {
  std::vector<Uncovered> all;
  const bool itself = !choice.not_covered.empty() || choice.tier == Tier::none;
  if (itself)
    all.push_back(
        {"the command itself: it " + (program.can_preload ? std::string("runs without HiveMind") : program.why_not),
         program.elevated ? "start hivemind-run inside it, or use the eBPF helper"
                          : "let --capture=auto choose; what each tier lacks here says `hivemindctl doctor`"});
  switch (choice.tier) {
    case Tier::preload:
      all.push_back({"static and Go programs that it starts", "--capture=ebpf or --capture=seccomp captures them"});
      all.push_back({"connects by io_uring or raw system calls", use_ebpf});
      all.push_back({"setuid programs that it starts (sudo, ping)", use_ebpf});
      break;
    case Tier::seccomp:
      all.push_back({"connects by io_uring", use_ebpf});
      all.push_back({"programs that let nobody look into them (not dumpable)", use_ebpf});
      all.push_back({"setuid programs run without their privileges: sudo does not work inside", "--capture=preload"});
      break;
    case Tier::ebpf:
      break;
    case Tier::proxy:
      all.push_back({"programs that do not honour HTTPS_PROXY", "--capture=ebpf or --capture=seccomp captures them"});
      all.push_back({"plain http:// (local servers)", "--capture=auto captures it for most programs"});
      break;
    case Tier::none:
      return all;
  }
  if (choice.tier != Tier::ebpf)
    all.push_back({"QUIC (HTTP/3 over UDP)", "agents' clients do not speak it today; the eBPF helper refuses it"});
  return all;
}
}  // namespace hivemind::run
