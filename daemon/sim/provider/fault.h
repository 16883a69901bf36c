// fault.h - what goes wrong with one exchange, and how it is named on the command line and in statistics.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace hivemind::provider {

enum class FaultKind {
  none,
  status,             // an error status in the provider's shape, instead of an answer
  spend_cap,          // 429 of exhausted money: no retry-after
  reset,              // a TCP reset before the head
  close,              // a clean end before the head
  stall_before_head,  // no byte at all for `delay`
  reset_after_head,   // these follow an accepted request:
  reset_mid_stream,
  truncate,                // ends inside an announced chunk or sized body
  end_early,               // ends cleanly, but without the stream's terminal event
  stall,                   // silence for `delay` in the middle of the content
  stream_overloaded,       // an in-band overloaded error before the first content
  stream_overloaded_late,  // the same after some content
};

struct Fault {
  FaultKind kind = FaultKind::none;
  int status = 0;                 // with FaultKind::status
  std::optional<Duration> delay;  // 429, 529, 503: retry-after (none sent when absent); stalls: for how long
  bool happens_early() const { return kind < FaultKind::reset_after_head; }
  std::string name() const;
  bool operator==(const Fault&) const = default;
};

// "ok", a status ("502", "429:2s", "429:none"), or a kind's name ("reset-mid-stream", "stall:5s"). Throws
// std::invalid_argument that names what can be written.
Fault parse_fault(std::string_view text);
// Faults separated by commas or white space, each with an optional "*COUNT"; "#" comments to the end of the line.
std::vector<Fault> parse_script(std::string_view text);
// "150ms", "2s", "1.5m", "1h"; a bare number is seconds. Throws std::invalid_argument.
Duration parse_duration(std::string_view text);
}  // namespace hivemind::provider
