// refusal_response.h - the HTTP response that tells a client we refuse it, around an error body of its provider's
// shape.
#pragma once
#include <string>
#include <string_view>

#include "core/signals.h"

namespace hivemind {

// The status that makes clients do what is meant: 429 where its Retry-After shall be waited for, or where
// `x-should-retry: false` shall end the matter; 503 while the daemon or the run goes away.
int refusal_status(const Refusal& refusal);
// Seconds to name in Retry-After, 1 to 60: longer ones make several clients give up or ignore them.
int refusal_delay(const Refusal& refusal);
// A complete response around `body`.
std::string refusal_response(const Refusal& refusal, std::string_view body);
// `text` as a JSON string with its quotes.
std::string json_quoted(std::string_view text);
}  // namespace hivemind
