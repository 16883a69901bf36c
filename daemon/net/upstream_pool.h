// upstream_pool.h - connections to upstreams, kept alive between exchanges.
// Invariants: a connection that is handed out is open and quiet; one is given back only after a complete response.
// Connections are shared by destination, never across hosts, roots or TLS modes. Event-loop thread only.
#pragma once
#include <deque>
#include <string>
#include <unordered_map>

#include "net/cancel_point.h"
#include "net/connector.h"
#include "net/upstream_tls.h"

namespace hivemind {

struct Lease {
  StreamPtr stream;
  bool reused = false;  // may turn out to have been closed by the upstream meanwhile
};
struct ConnectFailure {
  error_code error;
  std::string detail;  // for people
  bool untrusted =
      false;  // TLS verification failed, or there is no TLS version both speak: trying again changes nothing
};
// The answer to a client whose upstream is not to be trusted. Nothing was sent there.
std::string untrusted_response(const std::string& host, const std::string& detail);

class UpstreamPool {
public:
  static constexpr std::size_t max_idle_per_destination = 64;
  UpstreamPool(asio::io_context& loop, Deadlines& deadlines) : deadlines_(deadlines), timer_(loop), loop_(loop) {}

  // An idle connection unless `fresh`, else a new one with its TLS handshake done. On failure the lease is empty and
  // `failure` says why.
  asio::awaitable<Lease> acquire(const Destination& destination, bool fresh, Duration timeout, CancelPoint& cancel,
                                 ConnectFailure& failure);
  void give_back(const Destination& destination, StreamPtr stream, Duration keep);
  UpstreamTls& tls() { return tls_; }
  void clear();  // closes what is idle

private:
  struct Idle {
    StreamPtr stream;
    TimePoint until;
  };
  asio::awaitable<void> expire();

  Deadlines& deadlines_;
  asio::steady_timer timer_;
  asio::io_context& loop_;
  bool expiring_ = false;
  UpstreamTls tls_;
  std::unordered_map<std::string, std::deque<Idle>> idle_;
};
}  // namespace hivemind
