#include "preload/run/seccomp_capture.h"

namespace hivemind::run {
std::string why_no_seccomp_capture() { return "this build has no seccomp capture"; }
Result<std::unique_ptr<Capture>> start_seccomp_capture(const CaptureOf&) { return Problem{why_no_seccomp_capture()}; }
}  // namespace hivemind::run
