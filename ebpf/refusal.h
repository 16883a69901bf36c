// refusal.h - why there is no capture: one sentence for whoever asked, saying what to change. Thrown where it is found,
// caught where it is answered.
#pragma once
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace hivemind::ebpf {
struct Refusal : std::runtime_error {
  using runtime_error::runtime_error;
};
// "cannot open /x: No such file or directory", from errno.
inline Refusal failed_to(const std::string& what) { return Refusal("cannot " + what + ": " + std::strerror(errno)); }
}  // namespace hivemind::ebpf
