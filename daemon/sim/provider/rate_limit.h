// rate_limit.h - one limit of a provider: so many requests or tokens per period, as a bucket or as a fixed window.
// Invariant: what is left never exceeds the limit; it may fall below zero only by output that was already running.
// Pure: time is an argument and is the provider's own (a server that scales time converts before it asks).
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "core/time.h"

namespace hivemind::provider {

enum class Dimension { requests, input_tokens, output_tokens, tokens };
enum class LimitKind {
  bucket,  // refilled continuously
  window,  // starts with its first request, full again when it ends
};
const char* to_string(Dimension dimension);

struct LimitSpec {
  Dimension dimension = Dimension::requests;
  std::int64_t amount = 0;
  LimitKind kind = LimitKind::bucket;
  Duration period = 60s;
  Duration quantum{};           // bucket: also at most amount * quantum / period at once ("60 RPM is one per second")
  bool count_rejected = false;  // refused requests count as requests too
  bool charge_max = false;      // tokens: max_tokens is charged on arrival (OpenAI), else output as it is produced
  std::string model{};          // model classes that begin so; empty: every class, each with its own
};

class RateLimit {
public:
  RateLimit(LimitSpec spec, TimePoint now);

  const LimitSpec& spec() const { return spec_; }
  // Zero: `need` is there now. Otherwise how long until it is; nullopt: never, it exceeds the limit.
  std::optional<Duration> wait_for(std::int64_t need, TimePoint now);
  void take(std::int64_t amount, TimePoint now);
  // A refused request: costs what is there, never more.
  void take_rejected(TimePoint now);
  std::int64_t remaining(TimePoint now);
  // Until the bucket is full again, or the window ends.
  Duration reset_after(TimePoint now);

private:
  void advance(TimePoint now);
  double capacity_at_once() const;

  LimitSpec spec_;
  double level_;       // bucket: what is there; window: what is left of it
  double at_once_;     // bucket with quanta: what may be taken at once
  TimePoint since_;    // bucket: when level_ was right; window: when it began
  bool open_ = false;  // window: one has begun
};
}  // namespace hivemind::provider
