#include "core/request_json.h"

#include <simdjson.h>

#include <algorithm>

#include "core/prompt_reader.h"

namespace hivemind {
namespace {

namespace ondemand = simdjson::ondemand;

// Not negative: Ollama's -1 means no limit. Zero is one (Anthropic: warm the cache, write nothing).
std::optional<std::int64_t> count(ondemand::value value) {
  std::int64_t number = 0;
  if (value.get_int64().get(number) != simdjson::SUCCESS || number < 0 || number > (1ll << 40)) return std::nullopt;
  return number;
}

// Members of the root, and of the objects in it that hold parameters: Ollama's options, Gemini's generationConfig
// (inside `request` for Code Assist).
void read_object(ondemand::object object, RequestJson& request, PromptReader& prompt) {
  for (auto member : object) {
    std::string_view key;
    ondemand::value value;
    if (member.unescaped_key().get(key) != simdjson::SUCCESS || member.value().get(value) != simdjson::SUCCESS) return;
    if (key == "model") {
      std::string_view text;
      if (value.get_string().get(text) == simdjson::SUCCESS) request.model = text.substr(0, 256);
    } else if (key == "stream") {
      bool stream = false;
      if (value.get_bool().get(stream) == simdjson::SUCCESS) request.stream = stream;
    } else if (key == "max_tokens" || key == "max_completion_tokens" || key == "max_output_tokens" ||
               key == "num_predict" || key == "maxOutputTokens") {
      if (const auto number = count(value)) request.max_tokens = number;
    } else if (key == "n" || key == "best_of" || key == "candidateCount") {
      request.choices = std::clamp<std::int64_t>(count(value).value_or(1), request.choices, 1024);
    } else if (key == "options" || key == "generationConfig" || key == "request") {
      ondemand::object inner;
      if (value.get_object().get(inner) == simdjson::SUCCESS) read_object(inner, request, prompt);
    } else {
      prompt.read(key, value);
    }
  }
}

}  // namespace

RequestJson read_request_json(std::string_view body, PromptCaching caching) {
  RequestJson request;
  PromptReader prompt(caching);
  const simdjson::padded_string padded(body);
  ondemand::parser parser;
  ondemand::document document;
  ondemand::object root;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return request;
  if (document.get_object().get(root) == simdjson::SUCCESS) read_object(root, request, prompt);
  request.prefixes = prompt.prefixes(request.model);
  return request;
}

}  // namespace hivemind
