// socket.h - what the kernel knows about a socket of the program. Asks, changes nothing (but clear_v6only).
#pragma once
#include <stdint.h>

#include "endpoint.h"
#include "route.h"

namespace hivemind {

// `user` is whose run it is.
SocketFacts ask_socket(int fd, uint16_t family, uint32_t user);

// TCP_CLOSE: no connect was begun on it, or the last one failed for good.
bool is_unconnected(int fd);

bool set_v6only(int fd, bool on);
}  // namespace hivemind
