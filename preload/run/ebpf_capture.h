// ebpf_capture.h - the eBPF tier, as hivemind-run uses it (capture.h).
#pragma once
#include <memory>
#include <string>

#include "preload/run/capture.h"

namespace hivemind::run {
std::string why_no_ebpf_capture();  // empty: it can be had here
Result<std::unique_ptr<Capture>> start_ebpf_capture(const CaptureOf& run);
}  // namespace hivemind::run
