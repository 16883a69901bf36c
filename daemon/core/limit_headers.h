// limit_headers.h - the limits a response head names, by family of headers (providers.md §15.3).
#pragma once
#include <string_view>
#include <vector>

#include "core/http_head.h"
#include "core/signals.h"

namespace hivemind {

// What the headers' names do not tell, and providers differ in.
struct LimitHeaderProfile {
  Duration request_window = 60s;  // of x-ratelimit-*-requests: Groq counts by the day
  bool bucket = true;             // refilled continuously, else all at once
  bool codex = false;             // ChatGPT's backend tells shares of long windows
};

// anthropic-ratelimit-*, else anthropic-priority-*, else anthropic-fast-*; and the windows of a subscription.
std::vector<LimitReport> read_anthropic_limits(const ResponseHead& head);
// x-ratelimit-*-{requests,tokens,project-tokens}, Cerebras' and Mistral's names, else the plain x-ratelimit-* and
// ratelimit-* of nobody in particular.
std::vector<LimitReport> read_openai_limits(const ResponseHead& head, const LimitHeaderProfile& profile);
}  // namespace hivemind
