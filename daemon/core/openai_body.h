// openai_body.h - how bodies of OpenAI's APIs read: chat completions, completions, embeddings, responses.
#pragma once
#include "core/response_reader.h"

namespace hivemind {
extern const BodyShape openai_body;
}  // namespace hivemind
