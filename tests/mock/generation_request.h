// generation_request.h - what the simulator needs to know of a generation's JSON body.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "sim/provider/dialect.h"

namespace hivemind::mock {
using namespace provider;

struct GenerationRequest {
  ModelRequest model_request;
  bool stream = false;
  bool include_usage = false;  // OpenAI chat: stream_options.include_usage
};

// nullopt: not a JSON object that names a model. A token is four bytes of a prompt part's JSON, rounded up.
std::optional<GenerationRequest> read_generation(Api api, std::string_view body, std::string account);
}  // namespace hivemind::mock
