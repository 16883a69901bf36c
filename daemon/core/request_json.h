// request_json.h - the few members of a generation request's body that scheduling needs, in any dialect.
// A body that is no JSON, or breaks off, gives what stood before the break.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/prompt_prefix.h"

namespace hivemind {

struct RequestJson {
  std::string model;
  std::optional<bool> stream;
  std::optional<std::int64_t> max_tokens;  // by any of its names
  std::int64_t choices = 1;                // n, best_of, candidateCount: each may be max_tokens long
  PromptPrefixes prefixes;                 // `tokens` are bytes of the body
};
RequestJson read_request_json(std::string_view body, PromptCaching caching = PromptCaching::none);
}  // namespace hivemind
