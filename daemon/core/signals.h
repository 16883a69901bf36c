// signals.h - what a provider's dialect tells the scheduler: what a request asks for, which limits a response names,
// how an attempt failed, what it used. Plain values; tokens unless said.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/prompt_prefix.h"
#include "core/time.h"

namespace hivemind {

enum class Dimension {
  requests,
  input_tokens,
  output_tokens,
  tokens,  // input and output together
  concurrency,
  utilisation,  // the share of a long window that is used: the provider tells no number
};
const char* to_string(Dimension d);

// How much of a long window (five hours, a day, a week) is used, of which nothing but a share is told.
struct WindowUse {
  double used = 0;          // 1: all of it
  bool rejected = false;    // this response was refused because of it
  bool model_only = false;  // of this model's own window, beside the account's of the same length
};

// One limit as a response header or error body names it.
struct LimitReport {
  Dimension dimension = Dimension::requests;
  std::optional<std::int64_t> limit, remaining;
  std::optional<Duration> reset_after;  // until full (bucket) or until the window ends (window)
  Duration window = 60s;                // 60 s: per minute; 24 h: per day; 1 s: per second. Provider time, unscaled
  bool bucket = true;                   // continuously refilled, else a window
  std::int64_t granularity = 1;         // `remaining` is rounded to this (Anthropic tokens: 1000)
  std::optional<WindowUse> use{};       // with Dimension::utilisation
  bool in_body = false;                 // of an error: response heads are not expected to name it
};

// Decision table of providers.md §16. What to do about each is the scheduler's.
enum class FailureClass {
  rate_limited,     // 429 that names a delay or a bucket
  ramp,             // 429 slow_down, acceleration limit
  long_window,      // 5 h, week, day: rejected until far away
  permanent_quota,  // spend cap, insufficient_quota, limit 0, requested > limit, 402
  overload,         // 529, 503 overloaded, in-band overloaded_error
  fault,            // 500 502 504 520-524, reset, connection lost, TLS or connect failure upstream
  retryable,        // 408, 409
  client_error,     // 400 401 403 404 413 ...: the client's own
};
const char* to_string(FailureClass c);

struct Failure {
  FailureClass failure_class = FailureClass::fault;
  int status = 0;                       // 0: no head was received
  std::optional<Duration> retry_after;  // as the provider said, by any of providers.md §15.1
  std::string detail;                   // for people and the log; never a credential or body
};

struct Usage {
  std::int64_t input = 0, output = 0;  // input: without cache reads and writes
  std::int64_t cache_read = 0, cache_write = 0;
  bool known = false;  // the provider said it (else all zero)
  std::int64_t total() const { return input + output + cache_read + cache_write; }
};

// A generation request as read by its dialect.
struct RequestProfile {
  std::string provider;            // dialect name: "anthropic", "openai", ...
  std::string host;                // lower case, without port
  std::string account;             // salted hash of the credential, hex; never the credential
  std::string model, model_class;  // class: what shares limits ("claude-sonnet-4", else the model)
  bool streaming = false;
  std::int64_t input_tokens = 0;           // estimate
  std::int64_t input_bound = 0;            // sound upper bound (UTF-8 bytes; twice that for Anthropic)
  std::optional<std::int64_t> max_tokens;  // output cap the request names
  std::int64_t output_bound = 0;           // max_tokens, else the dialect's default for the model
  std::int64_t body_bytes = 0;
  std::string agent;                       // sub-agent inside the run, from client headers; empty: the run itself
  std::string request_class;               // main, subagent, compaction, auxiliary; empty: unknown
  std::string client;                      // User-Agent product, "claude-cli/2.1.328"; empty: unknown
  int client_retry = 0;                    // x-stainless-retry-count
  std::uint64_t body_hash = 0;             // of its bytes, to know it again; 0: unknown
  PromptPrefixes prefixes;                 // what its provider may keep of its prompt; empty: nothing is known to be
  std::optional<Duration> client_timeout;  // x-stainless-timeout
};

// Why a request is refused by us, for the dialect to put into the provider's shape.
// too_large: than a whole limit of the account; no wait can change that. window: a long window is used up, and opens
// only when the request has given up.
enum class RefusalKind { budget, deadline, queue_full, draining, run_closed, too_large, window };
struct Refusal {
  RefusalKind kind = RefusalKind::deadline;
  std::string message;                  // names HiveMind, whose limit it was and when to come back
  std::optional<Duration> retry_after;  // <= 60 s; nullopt with should_retry == false
  bool should_retry = true;
};
}  // namespace hivemind
