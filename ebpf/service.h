// service.h - the helper as a service: one session per hivemind-run that connects, each in a process of its own.
#pragma once
#include <string>

namespace hivemind::ebpf {
// Listens at `path` until SIGTERM or SIGINT. Throws Refusal when it cannot listen.
void serve(const std::string& path);
}  // namespace hivemind::ebpf
