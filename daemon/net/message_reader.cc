#include "net/message_reader.h"

#include <algorithm>

#include "net/turns.h"

namespace hivemind {

asio::awaitable<Result<std::size_t>> read_head(Stream& stream, std::string& buffer, Services& services,
                                               TimePoint first_byte, Duration rest) {
  std::size_t looked = 0;
  TimePoint deadline = buffer.empty() ? first_byte : Clock::now() + rest;
  for (;;) {
    if (const auto end = find_head_end(buffer, looked))
      co_return end <= max_head_size ? Result<std::size_t>(end) : Result<std::size_t>(HttpErrc::head_too_large);
    if (buffer.size() > max_head_size) co_return error_code(HttpErrc::head_too_large);
    looked = buffer.size() > 3 ? buffer.size() - 3 : 0;
    const auto got = stream.try_read(services.scratch);
    switch (got.status) {
      case Transfer::moved:
        if (buffer.empty()) deadline = Clock::now() + rest;
        buffer.append(services.scratch.data(), got.bytes);
        break;
      case Transfer::closed:
        co_return buffer.empty() ? error_code(asio::error::eof) : error_code(HttpErrc::closed_early);
      case Transfer::failed:
        co_return got.error;
      default:
        if (const auto ec = co_await stream.wait(got.status, deadline)) co_return ec;
    }
  }
}

asio::awaitable<Result<Body>> read_body(Stream& stream, const MessageHead& head, std::string& buffer,
                                        Services& services, std::uint64_t max_size, std::uint64_t max_buffered,
                                        Duration idle) {
  const auto too_much = make_error_code(boost::system::errc::not_enough_memory);
  Body body(services);
  body.chunked = head.body == BodyKind::chunked;
  if (head.body == BodyKind::none) co_return body;
  if (head.body == BodyKind::sized) {
    if (head.content_length > max_size) co_return error_code(HttpErrc::body_too_large);
    if (services.buffered + head.content_length > max_buffered) co_return too_much;
    body.held.set(head.content_length);
    body.wire.reserve(head.content_length);
  }
  BodyFollower follower(head);
  const auto decode = [&body](std::string_view content) {
    if (body.chunked) body.decoded.append(content);
  };
  std::size_t from_buffer = 0;
  const auto take = [&](std::string_view bytes) -> Result<std::size_t> {
    const auto used = follower.consume(bytes, decode);
    if (!used) return used;
    body.wire.append(bytes.substr(0, *used));
    if (body.wire.size() > max_size + max_size / 8 + 4096) return HttpErrc::body_too_large;
    if (body.chunked) {
      body.held.set(body.wire.capacity() + body.decoded.capacity());
      if (services.buffered > max_buffered) return too_much;
    }
    return used;
  };
  {
    const auto used = take(buffer);
    if (!used) co_return used.error();
    from_buffer = *used;
  }
  buffer.erase(0, from_buffer);
  Turns turns;
  while (!follower.done()) {
    const auto got = stream.try_read(services.scratch);
    switch (got.status) {
      case Transfer::moved: {
        const std::string_view bytes(services.scratch.data(), got.bytes);
        const auto used = take(bytes);
        if (!used) co_return used.error();
        buffer.append(bytes.substr(*used));
        if (turns.over(got.bytes)) {
          co_await next_turn();
        }
        break;
      }
      case Transfer::closed:
        co_return error_code(HttpErrc::closed_early);
      case Transfer::failed:
        co_return got.error;
      default:
        if (const auto ec = co_await stream.wait(got.status, Clock::now() + idle)) co_return ec;
    }
  }
  co_return body;
}
}  // namespace hivemind
