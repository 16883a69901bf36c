// services.h - what every connection shares: made once in main, outlives every coroutine. Event-loop thread only.
#pragma once
#include <array>
#include <memory>
#include <string>

#include "core/config.h"
#include "net/admission.h"
#include "net/certificate_authority.h"
#include "net/deadlines.h"
#include "net/peer.h"
#include "net/trust_memory.h"
#include "net/upstream_pool.h"

namespace hivemind {

struct Services {
  Services(asio::io_context& io, std::shared_ptr<const Config> initial, CertificateAuthority ca, std::string salt)
      : loop(io),
        config(std::move(initial)),
        deadlines(io),
        admission(io, config->scheduler),
        pool(io, deadlines),
        authority(std::move(ca)),
        account_salt(std::move(salt)) {}

  asio::io_context& loop;
  std::shared_ptr<const Config> config;  // replaced as a whole by a reload; an exchange keeps the one it began with
  Deadlines deadlines;
  Admission admission;
  UpstreamPool pool;
  CertificateAuthority authority;
  TrustMemory trust;
  PeerSockets peers;
  const std::string account_salt;
  std::uint64_t buffered = 0;   // bytes of request bodies held in memory
  std::size_t connections = 0;  // client connections open
  std::size_t active = 0;       // exchanges and tunnels under way, which a shutdown waits for
  bool draining = false;
  // For bytes that are read and written on without waiting in between. Never used across a co_await.
  std::array<char, 64 * 1024> scratch;

  // What a watch on a client saw is its leaving: a break, or an end by a client that has closed. One that only ended
  // its sending side still waits for its answer.
  bool has_left(Stream& client, bool orderly) {
    if (!orderly) return true;
    error_code ec;
    const auto remote = client.socket().remote_endpoint(ec);
    if (ec) return true;
    const auto local = client.socket().local_endpoint(ec);
    const auto peer = peers.find(remote, local);
    return !peer || !peer->open;
  }
};

// Counts one exchange or tunnel for as long as it lives.
class Active {
public:
  explicit Active(Services& services) : services_(services) { ++services_.active; }
  ~Active() { --services_.active; }
  Active(const Active&) = delete;

private:
  Services& services_;
};
}  // namespace hivemind
