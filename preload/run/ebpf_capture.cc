#include "preload/run/ebpf_capture.h"

namespace hivemind::run {
std::string why_no_ebpf_capture() { return "this build has no eBPF capture"; }
Result<std::unique_ptr<Capture>> start_ebpf_capture(const CaptureOf&) { return Problem{why_no_ebpf_capture()}; }
}  // namespace hivemind::run
