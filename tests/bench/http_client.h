// http_client.h - one keep-alive HTTP/1.1 connection that asks for generations, as an agent's library would.
// Invariant: between calls no byte of an earlier answer is left unread. An answer is 200, or the call throws.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tests/bench/stream.h"

namespace hivemind::bench {

// POST `path` with a JSON body of 1 KiB in the shape of an Anthropic message request.
std::string generation(const Target& target, std::string_view path, bool streaming);

class HttpClient {
public:
  // Of a chunked body: sees each piece as it arrives; false: leave the rest unread, the connection is then of no more
  // use.
  using Piece = std::function<bool(std::string_view)>;

  explicit HttpClient(const Target& target) : stream_(target) {}
  // Sends `request` and reads the whole answer. Returns the body's length.
  std::size_t exchange(std::string_view request);
  // The same for a chunked answer, piece by piece.
  void stream(std::string_view request, const Piece& piece);

private:
  std::string_view read_head();  // body bytes that came with it stay in the buffer
  void fill();
  std::string buffer_;
  std::size_t used_ = 0;  // of buffer_, already consumed
  Stream stream_;
};
}  // namespace hivemind::bench
