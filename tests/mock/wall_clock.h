// wall_clock.h - seconds since 1970, for what a simulated provider writes as absolute times.
#pragma once
#include <chrono>

namespace hivemind::mock {
inline double unix_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}
}  // namespace hivemind::mock
