// seccomp_capture.h - the seccomp tier, as hivemind-run uses it (capture.h).
#pragma once
#include <memory>
#include <string>

#include "preload/run/capture.h"

namespace hivemind::run {
std::string why_no_seccomp_capture();  // empty: it can be had here
Result<std::unique_ptr<Capture>> start_seccomp_capture(const CaptureOf& run);
}  // namespace hivemind::run
