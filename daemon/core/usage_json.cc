#include "core/usage_json.h"

#include <algorithm>

namespace hivemind {
namespace {

// Counts are never negative nor beyond what a sum of many can hold.
std::optional<std::int64_t> count(JsonValue object, std::string_view key) {
  const auto value = json_integer(object, key);
  return value && *value >= 0 && *value < (1ll << 40) ? value : std::nullopt;
}
std::optional<std::int64_t> count(JsonValue object, std::string_view key, std::string_view other) {
  const auto value = count(object, key);
  return value ? value : count(object, other);
}
bool take(JsonValue object, std::string_view key, std::int64_t& into) {
  const auto value = count(object, key);
  if (value) into = *value;
  return value.has_value();
}

}  // namespace

void read_anthropic_usage(JsonValue usage, Usage& into) {
  const bool input = take(usage, "input_tokens", into.input);
  const bool output = take(usage, "output_tokens", into.output);
  take(usage, "cache_read_input_tokens", into.cache_read);
  take(usage, "cache_creation_input_tokens", into.cache_write);
  into.known = into.known || input || output;
}

void read_openai_usage(JsonValue usage, Usage& into) {
  if (const auto prompt = count(usage, "prompt_tokens", "input_tokens")) {
    std::int64_t read = count(usage, "prompt_cache_hit_tokens").value_or(0);  // DeepSeek
    std::int64_t written = 0;
    for (const char* key : {"prompt_tokens_details", "input_tokens_details"}) {
      const auto details = json_object(usage, key);
      if (!details) continue;
      take(*details, "cached_tokens", read);
      take(*details, "cache_write_tokens", written);
    }
    into.cache_read = std::min(read, *prompt);
    into.cache_write = std::min(written, *prompt - into.cache_read);
    into.input = *prompt - into.cache_read - into.cache_write;
    into.known = true;
  }
  if (const auto output = count(usage, "completion_tokens", "output_tokens")) {
    into.output = *output;
    into.known = true;
  }
}

void read_gemini_usage(JsonValue usage, Usage& into) {
  if (const auto prompt = count(usage, "promptTokenCount")) {
    into.cache_read = std::min(count(usage, "cachedContentTokenCount").value_or(0), *prompt);
    into.input = *prompt - into.cache_read + count(usage, "toolUsePromptTokenCount").value_or(0);
    into.known = true;
  }
  const auto candidates = count(usage, "candidatesTokenCount"), thoughts = count(usage, "thoughtsTokenCount");
  if (candidates || thoughts) into.output = candidates.value_or(0) + thoughts.value_or(0);
}

void read_ollama_usage(JsonValue last, Usage& into) {
  // A count of zero (all of the prompt cached) is left out.
  const auto input = count(last, "prompt_eval_count"), output = count(last, "eval_count");
  if (input) into.input = *input;
  if (output) into.output = *output;
  into.known = into.known || input || output;
}

}  // namespace hivemind
