#include "net/tunnel.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <vector>

#include "net/turns.h"

namespace hivemind {

namespace {
// One direction. On a break both sides are reset, which ends the other direction too.
asio::awaitable<void> pump(Stream& from, Stream& to, std::string first) {
  error_code ec;
  if (!first.empty()) ec = co_await to.write_all(first, Deadlines::never);
  std::string().swap(first);
  std::vector<char> buffer;
  Turns turns;
  while (!ec) {
    buffer.resize(tunnel_buffer);
    const auto got = from.try_read(buffer);
    switch (got.status) {
      case Transfer::moved:
        ec = co_await to.write_all({buffer.data(), got.bytes}, Deadlines::never);
        if (turns.over(got.bytes)) {
          co_await next_turn();
        }
        break;
      case Transfer::closed:
        to.shutdown_send();
        co_return;
      case Transfer::failed:
        ec = got.error;
        break;
      default:
        std::vector<char>().swap(buffer);  // an idle tunnel holds no memory
        ec = co_await from.wait(got.status, Deadlines::never);
    }
  }
  from.reset();
  to.reset();
}
}  // namespace

asio::awaitable<void> tunnel(Stream& client, Stream& upstream, std::string to_upstream, std::string to_client) {
  using namespace asio::experimental::awaitable_operators;
  co_await (pump(client, upstream, std::move(to_upstream)) && pump(upstream, client, std::move(to_client)));
}
}  // namespace hivemind
