// local_socket.h - listening on a Unix socket that is the user's alone.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>

#include "net/unique_fd.h"

namespace hivemind {

// A non-blocking listening socket of `type` (SOCK_STREAM, SOCK_SEQPACKET) at `path`, 0600. What is there already is
// replaced, so the caller must know that nobody serves it (it holds daemon.lock). Throws std::runtime_error, one
// sentence that says what to change.
UniqueFd listen_local(const std::filesystem::path& path, int type);
// Who connected, as of its connect().
std::optional<uid_t> peer_user(int fd);
}  // namespace hivemind
