// prompt_prefix.h - the beginnings of a request's prompt that its provider may keep in a cache and read again.
#pragma once
#include <cstdint>
#include <vector>

#include "core/time.h"

namespace hivemind {

struct PromptPrefix {
  std::uint64_t hash = 0;   // of the model, the tools, the system prompt and the messages up to here
  std::int64_t tokens = 0;  // estimate
  Duration kept{};  // by the provider, once an answer has begun; zero: it is read if it is there, but not written
};
using PromptPrefixes = std::vector<PromptPrefix>;  // from the shortest to the longest

// How a provider decides what it keeps.
enum class PromptCaching {
  none,
  marked,    // up to cache_control marks (Anthropic)
  automatic  // whatever begins alike (OpenAI)
};
}  // namespace hivemind
