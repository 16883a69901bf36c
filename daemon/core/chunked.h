// chunked.h - follows a message body on the wire to find where it ends, and hands out its content; the wire bytes
// themselves are forwarded untouched by the caller.
// Invariant: consumed bytes belong to this body; once done() nothing more is consumed.
#pragma once
#include <functional>

#include "core/http_head.h"

namespace hivemind {

class BodyFollower {
public:
  explicit BodyFollower(const MessageHead& head);
  // Consumes what belongs to the body and calls `content(std::string_view)` with the decoded pieces, in order.
  // Returns the bytes consumed (all of them unless the body ended inside), or HttpErrc::bad_chunk.
  // Chunk extensions to 256 bytes a chunk and trailers to 8 KiB are accepted.
  Result<std::size_t> consume(std::string_view bytes, const std::function<void(std::string_view)>& content);
  bool done() const;                   // the end was seen (never by itself for until_close)
  bool ends_by_close() const;          // until_close: the connection's end is the body's end
  std::uint64_t content_size() const;  // decoded bytes so far

private:
  enum class State {
    sized,
    chunk_size,
    chunk_extension,
    chunk_size_lf,
    chunk_data,
    chunk_data_cr,
    chunk_data_lf,
    trailer,
    until_close,
    done
  };
  State state_;
  std::uint64_t left_ = 0, seen_ = 0;
  std::size_t line_ = 0, trailer_bytes_ = 0;
  bool digits_ = false;
  char previous_ = 0;
};
}  // namespace hivemind
