#include "net/passthrough.h"

#include <spdlog/spdlog.h>

#include "net/forward_head.h"
#include "net/response_relay.h"
#include "net/tunnel.h"
#include "net/turns.h"

namespace hivemind {

namespace {
enum class Sent { all, upstream_broke, client_broke };

// Streams the request's body as it comes, framed as it is.
asio::awaitable<Sent> send_body(Services& services, Stream& client, Stream& upstream, const RequestHead& head,
                                std::string& buffer, Duration stall) {
  BodyFollower follower(head);
  const auto ignore = [](std::string_view) {};
  Turns turns;
  std::string ahead = std::exchange(buffer, {});
  {
    const auto used = follower.consume(ahead, ignore);
    if (!used) co_return Sent::client_broke;
    buffer.assign(ahead, *used);
    const auto ec = co_await upstream.write_all(std::string_view(ahead).substr(0, *used), Clock::now() + stall);
    if (ec) co_return Sent::upstream_broke;
  }
  while (!follower.done()) {
    const auto got = client.try_read(services.scratch);
    if (got.status == Transfer::closed || got.status == Transfer::failed) co_return Sent::client_broke;
    if (got.status != Transfer::moved) {
      const auto ec = co_await client.wait(got.status, Clock::now() + stall);
      if (ec) co_return Sent::client_broke;
      continue;
    }
    const std::string_view bytes(services.scratch.data(), got.bytes);
    const auto used = follower.consume(bytes, ignore);
    if (!used) co_return Sent::client_broke;
    const std::string wire(bytes.substr(0, *used));
    buffer.assign(bytes.substr(*used));
    const auto ec = co_await upstream.write_all(wire, Clock::now() + stall);
    if (ec) co_return Sent::upstream_broke;
    if (turns.over(got.bytes)) {
      co_await next_turn();
    }
  }
  co_return Sent::all;
}
}  // namespace

asio::awaitable<bool> pass_through(Services& services, Run& run, Stream& client, const Destination& destination,
                                   const RequestHead& head, std::string_view raw_head, std::string& buffer) {
  const auto config = services.config;
  ++run.passed;
  const bool has_body = head.body != BodyKind::none;
  CancelPoint cancel;
  bool stale_possible = !has_body;  // only a request without a body is still whole when a pooled connection was stale
  for (bool fresh = has_body;; fresh = true) {
    ConnectFailure why;
    auto lease = co_await services.pool.acquire(destination, fresh, config->connect_timeout, cancel, why);
    if (!lease.stream) {
      spdlog::info("upstream unreachable host={} detail={}", destination.host, why.detail);
      if (why.untrusted) {
        const auto answer = untrusted_response(destination.host, why.detail);
        co_await client.write_all(answer, Clock::now() + config->stall_timeout);
      } else {
        client.reset();
      }
      co_return false;
    }
    Stream& upstream = *lease.stream;
    CancelPoint::Scope scope(cancel, [&upstream] { upstream.cancel(); });
    const auto deadline = [&config] { return Clock::now() + config->stall_timeout; };
    const std::string forwarded = forward_request_head(head, raw_head, false);
    auto ec = co_await upstream.write_all(forwarded, deadline());
    if (!ec && head.expects_continue && has_body && buffer.empty())
      ec = co_await client.write_all("HTTP/1.1 100 Continue\r\n\r\n", deadline());
    auto sent = Sent::all;
    if (!ec && has_body) {
      sent = co_await send_body(services, client, upstream, head, buffer, config->stall_timeout);
    }
    if (sent == Sent::client_broke) {
      upstream.reset();
      client.reset();
      co_return false;
    }
    // The request is sent whole even for a client that has left by now: it may never have wanted the answer.
    client.watch([&services, &client, &cancel](bool orderly) {
      if (services.has_left(client, orderly)) cancel.request();
    });
    // A client that closed ends its request as it would have without us: what the upstream has not read yet stays
    // readable.
    const auto end_upstream = [&] { cancel.requested() ? upstream.close() : upstream.reset(); };
    ResponseRelay relay(services, upstream);
    ec = co_await relay.read_head(head.method, client, Clock::now() + config->response_timeout, config->head_timeout);
    if (ec) {
      if (lease.reused && stale_possible && !relay.begun() && !cancel.requested() && ec != asio::error::timed_out)
        continue;
      end_upstream();
      client.reset();
      co_return false;
    }
    const bool keep =
        head.keep_alive && head.minor_version > 0 && !relay.ends_by_close() && sent == Sent::all && !services.draining;
    const bool tunnelled = relay.head().status == 101 || (head.method == "CONNECT" && relay.head().status / 100 == 2);
    const std::string answer = forward_response_head(relay.head(), relay.raw_head(), !keep && !tunnelled);
    ec = co_await client.write_all(answer, deadline());
    if (ec) {
      upstream.reset();
      client.reset();
      co_return false;
    }
    if (tunnelled) {
      client.unwatch();
      co_await tunnel(client, upstream, std::exchange(buffer, {}), relay.take_buffer());
      co_return false;
    }
    const auto end = co_await relay.forward(
        client, [](std::string_view) {}, config->stall_timeout);
    client.unwatch();
    if (end == ResponseRelay::End::complete) {
      if (relay.reusable() && sent == Sent::all && !cancel.requested())
        services.pool.give_back(destination, std::move(lease.stream), config->upstream_idle);
      if (relay.ended_ragged()) client.close_ragged();
      co_return keep;
    }
    end_upstream();
    client.reset();
    co_return false;
  }
}
}  // namespace hivemind
