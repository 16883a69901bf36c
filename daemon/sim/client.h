// client.h - what an agent's client library does with an error: nothing, as in the paper; what vendors' SDKs do; or
// ten patient attempts.
#pragma once
#include <optional>
#include <string_view>

#include "core/signals.h"
#include "sim/distribution.h"

namespace hivemind::sim {

enum class ClientKind {
  none,    // the first error ends the agent
  sdk,     // 2 retries: Retry-After up to 60 s, else 0.5 s * 2^k less up to a quarter
  jitter,  // 10 retries after U(0, min(60 s, 1 s * 2^k))
};
std::string_view to_string(ClientKind kind);

struct ClientError {
  int status = 0;  // 0: no answer, or the connection was lost
  std::optional<Duration> retry_after;
  bool should_retry = true;  // x-should-retry
};
// How long the client waits before its next attempt; nullopt: it gives up. `retries` so far.
std::optional<Duration> client_retry(ClientKind kind, const ClientError& error, int retries, Rng& rng);
}  // namespace hivemind::sim
