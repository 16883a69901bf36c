// tunnel.h - bytes both ways between two connections, exact: half-close and RST are mirrored, nothing is looked at.
#pragma once
#include <string>

#include "net/stream.h"

namespace hivemind {

// Ends when both directions have ended or one side broke. `to_upstream` and `to_client` were read ahead and go first.
// At most tunnel_buffer bytes wait each way.
inline constexpr std::size_t tunnel_buffer = 64 * 1024;
asio::awaitable<void> tunnel(Stream& client, Stream& upstream, std::string to_upstream, std::string to_client);
}  // namespace hivemind
