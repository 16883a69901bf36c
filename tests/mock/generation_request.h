// generation_request.h - what the simulator needs to know of a generation's JSON body.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "tests/mock/provider_model.h"

namespace hivemind::mock {

enum class Api { anthropic_messages, openai_chat, openai_responses, ollama_chat, ollama_generate };

struct GenerationRequest {
  ModelRequest model_request;
  bool stream = false;
  bool include_usage = false;  // OpenAI chat: stream_options.include_usage
};

// nullopt: not a JSON object that names a model. A token is four bytes of a prompt part's JSON, rounded up.
std::optional<GenerationRequest> read_generation(Api api, std::string_view body, std::string account);
}  // namespace hivemind::mock
