// listener.h - the run's listening socket: its identity, kept open across daemons, reachable from this machine only.
#pragma once
#include <cstdint>

#include "preload/run/result.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
struct Listener {
  UniqueFd socket;
  std::uint16_t port = 0;
};
// Wildcard address, so that every 127.x.y.z arrives; bound to the loopback device, so that nothing else does.
Result<Listener> open_listener();
// The same for both families: what was sent to ::1 arrives, too. Where there is no IPv6, as above.
Result<Listener> open_dual_listener();
}  // namespace hivemind::run
