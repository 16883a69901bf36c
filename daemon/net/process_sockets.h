// process_sockets.h - which process of a run holds a socket: for connections whose token does not say it.
#pragma once
#include <cstdint>

namespace hivemind {

// The process `root` or one that descends from it that has the socket `inode` open; 0 when there is none to be seen.
// Looks at 512 processes at most; a run has few.
std::int32_t process_with_socket(std::int32_t root, std::uint32_t inode);
}  // namespace hivemind
