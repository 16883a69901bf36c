// statistics.h - what the simulator has seen and done, as GET /__mock/stats tells it.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "core/time.h"

namespace hivemind::mock {

struct Statistics {
  std::uint64_t connections = 0, tls_handshakes = 0, tls_failures = 0, malformed = 0;
  std::uint64_t requests = 0;                      // all but those under /__mock
  std::uint64_t generations = 0;                   // of these, attempts to generate
  std::uint64_t completed = 0;                     // generations answered to their end
  std::uint64_t rate_limited = 0, overloaded = 0;  // 429 and 529 (or its like) given to generations
  std::uint64_t disconnects = 0;                   // generations whose client left first
  std::uint64_t expect_continue = 0, chunked_requests = 0, retries_seen = 0;  // x-stainless-retry-count > 0
  std::uint64_t in_flight = 0, peak_concurrency = 0;
  std::int64_t input_tokens = 0, cache_read_tokens = 0, cache_write_tokens = 0, output_tokens = 0;  // completed ones
  std::int64_t wasted_tokens = 0;  // worked on in exchanges that were not completed
  std::map<std::string, std::uint64_t> by_status, by_path, faults;
  TimePoint first{}, last{};  // generations: the first one's arrival, the last one's end

  std::string json() const;
};
}  // namespace hivemind::mock
