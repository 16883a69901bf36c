// connector.h - opens one TCP connection to a destination, within bounds of time.
// The agent's connect() succeeded at once when we captured it, so its own fallback between IPv6 and IPv4 cannot happen
// any more; it happens here: an original address that fails or stays silent gives way to the name's other addresses.
#pragma once
#include <string>
#include <vector>

#include "net/cancel_point.h"
#include "net/destination.h"
#include "net/stream.h"

namespace hivemind {

// All addresses of a name or address; none when there are none, or it was cancelled.
asio::awaitable<std::vector<tcp::endpoint>> resolve(const std::string& name, std::uint16_t port, CancelPoint& cancel);

// Errors: of the last address tried; timed_out; operation_aborted when cancelled; address_family_not_supported for a
// token address, which would lead back to us.
asio::awaitable<Result<StreamPtr>> connect_to(const Destination& destination, Duration timeout, Deadlines& deadlines,
                                              CancelPoint& cancel);
}  // namespace hivemind
