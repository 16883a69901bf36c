// usage_json.h - token counts as each provider's usage object states them, brought to one meaning: `input` is what was
// neither read from nor written to a cache.
#pragma once
#include "core/json_document.h"
#include "core/signals.h"

namespace hivemind {

// Each replaces the counts the object names and leaves the others, since later events repeat only some of them.
void read_anthropic_usage(JsonValue usage, Usage& into);
void read_openai_usage(JsonValue usage, Usage& into);  // chat completions, embeddings, responses
void read_gemini_usage(JsonValue usage, Usage& into);  // usageMetadata
void read_ollama_usage(JsonValue last, Usage& into);   // the object with done: true
}  // namespace hivemind
