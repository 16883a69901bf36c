// failure_signals.h - what a response head says about a failure, and the decision table (providers.md §16) that makes a
// class of it and of the error object.
#pragma once
#include "core/error_body.h"
#include "core/http_head.h"
#include "core/signals.h"

namespace hivemind {

// Taken from the head while it lives; the body comes later.
struct FailureSignals {
  int status = 0;
  double now_unix = 0;                   // the provider's own clock where it tells it
  std::optional<Duration> delay;         // retry-after-ms, else retry-after
  std::optional<Duration> window_delay;  // until a spent subscription window opens again
  bool window_spent = false;             // a five-hour or weekly window rejects
  bool told_not_to_retry = false;        // x-should-retry: false
};
FailureSignals read_failure_signals(const ResponseHead& head, double now_unix);

// `in_band`: the error came inside a response of status 200.
Failure classify(const FailureSignals& signals, const ErrorBody& error, bool in_band);
}  // namespace hivemind
