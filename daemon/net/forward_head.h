// forward_head.h - a head as the next hop gets it: the very lines that arrived, less those meant for one connection.
#pragma once
#include <string>
#include <string_view>

#include "core/http_head.h"

namespace hivemind {

// `raw` are the bytes `head` was parsed from. The body's framing lines (Content-Length, Transfer-Encoding) stay,
// because the body is forwarded as framed. Without `expect`, Expect is left out (we have answered it). An upgrade keeps
// all its lines.
std::string forward_request_head(const RequestHead& head, std::string_view raw, bool expect);
// `close`: tells the client that its connection ends with this response.
std::string forward_response_head(const ResponseHead& head, std::string_view raw, bool close);
}  // namespace hivemind
