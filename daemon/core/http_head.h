// http_head.h - the head of an HTTP/1.1 message, borrowed from the bytes it was read from, and strict against
// smuggling. Invariant: header order, case and repetition are those of the wire; every view points into the parsed
// bytes.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "core/errors.h"

namespace hivemind {

struct Header {
  std::string_view name, value;  // value without the white space around it
};

// How the body that follows a head is delimited.
enum class BodyKind { none, sized, chunked, until_close };

struct MessageHead {
  int minor_version = 1;  // HTTP/1.0 or HTTP/1.1
  std::vector<Header> headers;
  BodyKind body = BodyKind::none;
  std::uint64_t content_length = 0;  // with BodyKind::sized
  bool keep_alive = true;            // what the message asks for
  bool upgrade = false;              // Connection: upgrade
  std::size_t size = 0;              // bytes of the head, with the empty line

  // The value of the first header of that name (any case), or nullopt.
  std::optional<std::string_view> find(std::string_view name) const;
};
struct RequestHead : MessageHead {
  std::string_view method, target;  // target byte for byte
  bool expects_continue = false;
  std::string_view path() const;  // target up to '?'
};
struct ResponseHead : MessageHead {
  int status = 0;
  std::string_view reason;
};

inline constexpr std::size_t max_head_size = 64 * 1024;
inline constexpr std::size_t max_header_count = 256;

// Bytes of the first complete head in `bytes` (through its empty line), 0 while incomplete. Looks from `from` on, so
// that a slow sender costs no quadratic time. Leading empty lines belong to the head's bytes.
std::size_t find_head_end(std::string_view bytes, std::size_t from = 0);

// `bytes` is one complete head as find_head_end delimits it. Errors (HttpErrc): both Content-Length and
// Transfer-Encoding, repeated or malformed lengths, a transfer coding other than chunked, obs-fold, white space before
// the colon, control characters, bare CR or LF, a missing or repeated Host, too many headers.
Result<RequestHead> parse_request_head(std::string_view bytes);
// `request_method`: HEAD and CONNECT change how the body is delimited.
Result<ResponseHead> parse_response_head(std::string_view bytes, std::string_view request_method);

// True for the header fields that are meant for one connection only (RFC 9110 7.6.1), those `Connection` names
// included.
bool is_hop_by_hop(const MessageHead& head, std::string_view name);

// Case-insensitive comparison of ASCII.
bool iequals(std::string_view a, std::string_view b);
}  // namespace hivemind
