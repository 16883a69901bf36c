#include "preload/run/capture.h"

#include "preload/run/ebpf_capture.h"
#include "preload/run/preload_list.h"
#include "preload/run/program_directory.h"
#include "preload/run/proxy.h"
#include "preload/run/seccomp_capture.h"

namespace hivemind::run {
std::string why_not_here(Tier tier, const ProcessEnvironment& environment) {
  switch (tier) {
    case Tier::preload: {
      const auto object = find_preload_object(program_directory());
      return object ? "" : object.problem();
    }
    case Tier::seccomp:
      return why_no_seccomp_capture();
    case Tier::ebpf:
      return why_no_ebpf_capture();
    case Tier::proxy:
      return why_no_proxy(environment);
    case Tier::none:
      break;
  }
  return {};
}

Result<std::unique_ptr<Capture>> start_capture(Tier tier, const CaptureOf& run) {
  switch (tier) {
    case Tier::seccomp:
      return start_seccomp_capture(run);
    case Tier::ebpf:
      return start_ebpf_capture(run);
    case Tier::preload:
    case Tier::proxy:
    case Tier::none:
      break;
  }
  return std::unique_ptr<Capture>();
}
}  // namespace hivemind::run
