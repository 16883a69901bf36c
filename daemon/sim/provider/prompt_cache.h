// prompt_cache.h - which prompt prefixes of one account and model class a provider would read from its cache.
// Invariant: a prefix can be read only after the response that wrote it has begun, and for `ttl` after its last use.
#pragma once
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/time.h"

namespace hivemind::provider {

// One part of a prompt, in the order a provider reads it: tools, system, then each message.
struct Segment {
  std::uint64_t hash = 0;
  std::int64_t tokens = 0;
  bool breakpoint = false;  // the client asks for the prefix up to here to be cached
};
using Prompt = std::vector<Segment>;

struct CacheUse {
  std::int64_t input = 0, read = 0, written = 0;  // tokens; together the whole prompt
};

class PromptCache {
public:
  explicit PromptCache(Duration ttl = 5min) : ttl_(ttl) {}
  // `step` > 1: only whole steps of at least 1024 tokens are read (OpenAI); 1: up to any breakpoint (Anthropic).
  CacheUse look_up(const Prompt& prompt, std::int64_t step, TimePoint now);
  // The response has begun: what it wrote can be read from now on.
  void commit(const Prompt& prompt, TimePoint now);

private:
  Duration ttl_;
  std::unordered_map<std::uint64_t, TimePoint> expiry_;  // by the hash of the whole prefix
};
}  // namespace hivemind::provider
