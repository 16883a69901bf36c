#include "sim/client.h"

#include <algorithm>
#include <cmath>

#include "core/seconds.h"

namespace hivemind::sim {

std::string_view to_string(ClientKind kind) {
  switch (kind) {
    case ClientKind::none:
      return "none";
    case ClientKind::sdk:
      return "sdk";
    case ClientKind::jitter:
      return "jitter";
  }
  return "";
}

std::optional<Duration> client_retry(ClientKind kind, const ClientError& error, int retries, Rng& rng) {
  const int most = kind == ClientKind::none ? 0 : kind == ClientKind::sdk ? 2 : 10;
  const bool retryable =
      error.status == 0 || error.status == 408 || error.status == 409 || error.status == 429 || error.status >= 500;
  if (!retryable || !error.should_retry || retries >= most) return std::nullopt;
  const auto uniform = [&rng](double to) { return std::uniform_real_distribution<>(0, to)(rng); };
  if (kind == ClientKind::jitter) return from_seconds(uniform(std::min(60.0, std::pow(2.0, retries))));
  if (error.retry_after && *error.retry_after > Duration::zero() && *error.retry_after <= 60s) return error.retry_after;
  return from_seconds(std::min(8.0, 0.5 * std::pow(2.0, retries)) * (1 - uniform(0.25)));
}
}  // namespace hivemind::sim
