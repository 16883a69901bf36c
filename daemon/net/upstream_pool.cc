#include "net/upstream_pool.h"

#include <boost/asio/as_tuple.hpp>
#include <openssl/err.h>

namespace hivemind {

namespace {
bool lacks_version(int reason) {
  return reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION ||
         reason == SSL_R_WRONG_SSL_VERSION;
}
}  // namespace

std::string untrusted_response(const std::string& host, const std::string& detail) {
  const std::string text = "HiveMind: the upstream " + host + " could not be verified: " + detail + "\n";
  return "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nConnection: close\r\nX-HiveMind: "
         "upstream\r\nContent-Length: " +
         std::to_string(text.size()) + "\r\n\r\n" + text;
}

asio::awaitable<Lease> UpstreamPool::acquire(const Destination& destination, bool fresh, Duration timeout,
                                             CancelPoint& cancel, ConnectFailure& failure) {
  if (!fresh) {
    const auto found = idle_.find(destination.key());
    while (found != idle_.end() && !found->second.empty()) {
      // The most recently used first: the least likely to be stale.
      auto stream = std::move(found->second.back().stream);
      found->second.pop_back();
      if (stream->is_quiet()) co_return Lease{std::move(stream), true};
    }
  }
  auto connected = co_await connect_to(destination, timeout, deadlines_, cancel);
  if (!connected) {
    failure = {connected.error(), "connect: " + connected.error().message(), false};
    co_return Lease{};
  }
  auto stream = std::move(*connected);
  if (destination.tls) {
    const auto context = tls_.context(destination.ca_file);
    if (!context) {
      failure = {context.error(), "roots " + destination.ca_file + " cannot be read", true};
      co_return Lease{};
    }
    CancelPoint::Scope scope(cancel, [raw = stream.get()] { raw->cancel(); });
    if (const auto ec = co_await stream->connect_tls(*context, destination.host, Clock::now() + timeout)) {
      const long verified = SSL_get_verify_result(stream->ssl());
      const bool unverified = verified != X509_V_OK;
      failure = {ec,
                 "TLS: " + (unverified                    ? std::string(X509_verify_cert_error_string(verified))
                            : stream->tls_error().empty() ? ec.message()
                                                          : stream->tls_error()),
                 unverified || lacks_version(stream->tls_reason())};
      co_return Lease{};
    }
  }
  co_return Lease{std::move(stream), false};
}

void UpstreamPool::give_back(const Destination& destination, StreamPtr stream, Duration keep) {
  auto& idle = idle_[destination.key()];
  if (idle.size() >= max_idle_per_destination) idle.pop_front();
  idle.push_back({std::move(stream), Clock::now() + keep});
  if (!expiring_) {
    expiring_ = true;
    spawn(loop_, "upstream pool", expire());
  }
}

void UpstreamPool::clear() {
  idle_.clear();
  timer_.cancel();
}

asio::awaitable<void> UpstreamPool::expire() {
  while (!idle_.empty()) {
    timer_.expires_after(1s);
    auto [ec] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (ec && ec != asio::error::operation_aborted) break;  // clear() wakes us; what came since is ours to expire
    const auto now = Clock::now();
    for (auto it = idle_.begin(); it != idle_.end();) {
      std::erase_if(it->second, [now](const Idle& idle) { return idle.until <= now; });
      it = it->second.empty() ? idle_.erase(it) : std::next(it);
    }
  }
  expiring_ = false;
}
}  // namespace hivemind
