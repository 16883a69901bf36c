// ebpf_capture.h - the eBPF tier, as hivemind-run uses it (capture.h).
#pragma once
#include <memory>
#include <string>

#include "preload/run/capture.h"
#include "preload/run/ebpf_helper.h"

namespace hivemind::run {
// The next capture is this one's.
void use_for_capture(EbpfHelper helper);
std::string why_no_ebpf_capture();  // empty: it can be had here
Result<std::unique_ptr<Capture>> start_ebpf_capture(const CaptureOf& run);
}  // namespace hivemind::run
