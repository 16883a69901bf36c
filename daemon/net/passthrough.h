// passthrough.h - a request that is no generation: streamed to the upstream and back at once, unscheduled.
// An upgrade that the upstream accepts becomes a tunnel.
#pragma once
#include <string>

#include "net/message_reader.h"
#include "net/run.h"

namespace hivemind {

// `buffer` holds what was read after the head and keeps what follows the request. True: the client's connection can
// carry another request.
asio::awaitable<bool> pass_through(Services& services, Run& run, Stream& client, const Destination& destination,
                                   const RequestHead& head, std::string_view raw_head, std::string& buffer);
}  // namespace hivemind
