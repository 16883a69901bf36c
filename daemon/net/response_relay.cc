#include "net/response_relay.h"

#include "net/turns.h"

namespace hivemind {

namespace {
constexpr int most_interim_heads = 16;
}  // namespace

asio::awaitable<error_code> ResponseRelay::read_head(std::string_view method, Stream& client, TimePoint deadline,
                                                     Duration rest) {
  for (int interim = 0;; ++interim) {
    if (interim == most_interim_heads) co_return error_code(HttpErrc::too_many_headers);
    const auto size = co_await hivemind::read_head(upstream_, buffer_, services_, deadline, rest);
    if (!size) co_return size.error();
    raw_head_ = buffer_.substr(0, *size);
    buffer_.erase(0, *size);
    auto parsed = parse_response_head(raw_head_, method);
    if (!parsed) co_return parsed.error();
    head_ = std::move(*parsed);
    if (head_.status >= 200 || head_.status == 101) break;
    if (head_.status != 100) {
      const auto ec = co_await client.write_all(raw_head_, deadline);
      if (ec) {
        client_gone_ = true;
        co_return ec;
      }
    }
  }
  follower_.emplace(head_);
  done_ = head_.status == 101 || follower_->done();
  co_return error_code{};
}

std::string_view ResponseRelay::follow(std::string_view bytes, const std::function<void(std::string_view)>& content) {
  const auto used = follower_->consume(bytes, content);
  if (!used) {
    error_ = used.error();
    return {};
  }
  if (*used < bytes.size()) buffer_.assign(bytes.substr(*used));
  done_ = follower_->done();
  return bytes.substr(0, *used);
}

asio::awaitable<error_code> ResponseRelay::hold_more(std::string& held,
                                                     const std::function<void(std::string_view)>& content,
                                                     TimePoint deadline) {
  if (!buffer_.empty()) {
    const auto ahead = std::exchange(buffer_, {});
    held.append(follow(ahead, content));
    co_return error_;
  }
  for (;;) {
    const auto got = upstream_.try_read(services_.scratch);
    switch (got.status) {
      case Transfer::moved:
        held.append(follow({services_.scratch.data(), got.bytes}, content));
        co_return error_;
      case Transfer::closed:
        if (follower_->ends_by_close())
          done_ = true;
        else
          error_ = asio::error::eof;
        co_return error_;
      case Transfer::failed:
        co_return error_ = got.error;
      default:
        if (const auto ec = co_await upstream_.wait(got.status, deadline)) co_return ec;
    }
  }
}

asio::awaitable<ResponseRelay::End> ResponseRelay::forward(Stream& client,
                                                           const std::function<void(std::string_view)>& content,
                                                           Duration stall) {
  std::string rest = std::exchange(buffer_, {});
  if (!rest.empty()) {
    const auto wire = follow(rest, content);
    const auto ec = co_await client.write_all(wire, Clock::now() + stall);
    if (ec) co_return End::client_gone;
  }
  Turns turns;
  while (!done_ && !error_) {
    const auto got = upstream_.try_read(services_.scratch);
    switch (got.status) {
      case Transfer::moved:
        break;
      case Transfer::closed:
        if (follower_->ends_by_close())
          done_ = true;
        else
          error_ = asio::error::eof;
        continue;
      case Transfer::failed:
        error_ = got.error;
        continue;
      default:
        error_ = co_await upstream_.wait(got.status, Clock::now() + stall);
        continue;
    }
    auto wire = follow({services_.scratch.data(), got.bytes}, content);
    const auto moved = got.bytes;
    while (!wire.empty()) {
      const auto put = client.try_write(wire);
      if (put.status == Transfer::moved) {
        wire.remove_prefix(put.bytes);
        continue;
      }
      if (put.status == Transfer::closed || put.status == Transfer::failed) co_return End::client_gone;
      const std::string slow(wire);  // the client is slower: keep this read's rest, read no more until it is taken
      const auto ec = co_await client.write_all(slow, Clock::now() + stall);
      if (ec) co_return End::client_gone;
      wire = {};
    }
    if (turns.over(moved)) {
      co_await next_turn();
    }
  }
  co_return done_ ? End::complete : End::broken;
}
}  // namespace hivemind
