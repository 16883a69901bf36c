// message_reader.h - reads HTTP/1.1 heads and bodies off a stream into memory, bounded in bytes and time.
#pragma once
#include <string>
#include <utility>

#include "core/chunked.h"
#include "net/services.h"
#include "net/stream.h"

namespace hivemind {

// Until `buffer` starts with a complete head; returns its size. The first byte may take until `first_byte`, the rest
// `rest` in all. Errors: asio::error::eof (with an empty buffer: the peer is done), HttpErrc::head_too_large,
// closed_early, timed_out.
asio::awaitable<Result<std::size_t>> read_head(Stream& stream, std::string& buffer, Services& services,
                                               TimePoint first_byte, Duration rest);

// Memory of request bodies, counted in Services::buffered for as long as it lives.
class BufferedBytes {
public:
  explicit BufferedBytes(Services& services) : services_(services) {}
  BufferedBytes(BufferedBytes&& other) noexcept : services_(other.services_), bytes_(std::exchange(other.bytes_, 0)) {}
  ~BufferedBytes() { set(0); }
  void set(std::uint64_t bytes) {
    services_.buffered += bytes - bytes_;
    bytes_ = bytes;
  }

private:
  Services& services_;
  std::uint64_t bytes_ = 0;
};

struct Body {
  explicit Body(Services& services) : held(services) {}
  std::string wire;     // as framed on the wire
  std::string decoded;  // of a chunked body
  BufferedBytes held;   // an announced length from the start, a chunked body as it grows
  bool chunked = false;
  std::string_view content() const { return chunked ? decoded : wire; }
};
// The whole body that follows `head`, of which `buffer` may hold the beginning; what follows it stays in `buffer`.
// Errors: HttpErrc::body_too_large (before more than `max_size` are held), bad_chunk, closed_early, timed_out when no
// byte comes for `idle`; not_enough_memory when all bodies together would exceed `max_buffered`.
asio::awaitable<Result<Body>> read_body(Stream& stream, const MessageHead& head, std::string& buffer,
                                        Services& services, std::uint64_t max_size, std::uint64_t max_buffered,
                                        Duration idle);
}  // namespace hivemind
