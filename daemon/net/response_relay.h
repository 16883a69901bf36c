// response_relay.h - one upstream response on its way to the client: its head read and rewritten, its body followed and
// forwarded as it comes. Holds at most what a slow client has not taken yet of one read (64 KiB), so the upstream is
// held back too.
#pragma once
#include <functional>
#include <string>

#include "core/chunked.h"
#include "net/message_reader.h"

namespace hivemind {

class ResponseRelay {
public:
  enum class End { complete, broken, client_gone };  // broken: the upstream ended or broke before the body did

  ResponseRelay(Services& services, Stream& upstream) : services_(services), upstream_(upstream) {}

  // Reads the final response's head; 1xx but 101 go to `client` on the way (100 is ours to say), a few of them. Errors:
  // as read_head and parse_response_head.
  asio::awaitable<error_code> read_head(std::string_view method, Stream& client, TimePoint deadline, Duration rest);
  const ResponseHead& head() const { return head_; }
  std::string_view raw_head() const { return raw_head_; }
  // True once a byte of this response has arrived: the upstream had read the request.
  bool begun() const { return !buffer_.empty() || !raw_head_.empty(); }

  // Reads more of the body: its wire bytes are appended to `held`, its content goes to `content`. Errors: eof when the
  // upstream ended too early, timed_out, HttpErrc::bad_chunk, others as the system says.
  asio::awaitable<error_code> hold_more(std::string& held, const std::function<void(std::string_view)>& content,
                                        TimePoint deadline);
  bool done() const { return done_; }
  bool ends_by_close() const { return follower_ && follower_->ends_by_close(); }
  // The upstream's end was the body's, and came without close_notify: the client shall see the same.
  bool ended_ragged() const { return done_ && ends_by_close() && upstream_.ended_ragged(); }
  bool client_gone() const { return client_gone_; }  // it did not take a 1xx
  // Forwards the rest. `stall` bounds each wait on either side.
  asio::awaitable<End> forward(Stream& client, const std::function<void(std::string_view)>& content, Duration stall);
  // How the upstream ended with End::broken.
  error_code error() const { return error_; }
  // The connection can carry another exchange.
  bool reusable() const { return done_ && !ends_by_close() && head_.keep_alive && buffer_.empty(); }
  std::string take_buffer() { return std::move(buffer_); }  // what followed the head, for a tunnel after 101

private:
  // Consumes from `bytes`; the body's wire bytes among them. Sets done_ or error_.
  std::string_view follow(std::string_view bytes, const std::function<void(std::string_view)>& content);
  Services& services_;
  Stream& upstream_;
  std::string buffer_;  // read but not yet consumed
  std::string raw_head_;
  ResponseHead head_;
  std::optional<BodyFollower> follower_;
  bool done_ = false, client_gone_ = false;
  error_code error_;
};
}  // namespace hivemind
