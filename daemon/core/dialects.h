// dialects.h - the dialects there are, and what all of them share. Chosen among by find_dialect (dialect.h).
#pragma once
#include "core/dialect.h"
#include "core/limit_headers.h"
#include "core/request_json.h"

namespace hivemind {

const Dialect& anthropic_dialect();
const Dialect& ollama_dialect();
const Dialect& generic_dialect();
// OpenAI's own, and those that took over its API and differ in their limits: "azure", "groq", "mistral", "openrouter",
// "deepseek", "xai", "cerebras", ... nullptr: no such one.
const Dialect* openai_dialect(std::string_view name);

// The path of a target, also of one in absolute form.
std::string_view path_of(const RequestHead& head);
// What a profile holds whichever dialect reads it; input and output bounds are the dialect's to correct.
RequestProfile read_profile(const RequestHead& head, std::string_view provider, std::string_view host,
                            std::string_view body, std::string_view account_salt, double bytes_per_token = 4,
                            PromptCaching caching = PromptCaching::automatic);
}  // namespace hivemind
