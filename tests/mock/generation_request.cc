#include "tests/mock/generation_request.h"

#include <functional>
#include <utility>

#include <simdjson.h>

namespace hivemind::mock {
namespace {
namespace dom = simdjson::dom;

// A mark says where to keep, and is no part of what is kept. `text` is minified; true: it had one.
bool take_marks(std::string& text) {
  constexpr std::string_view name = ",\"cache_control\":{";
  bool any = false;
  for (auto begin = text.find(name); begin != text.npos; begin = text.find(name), any = true)
    text.erase(begin, text.find('}', begin) + 1 - begin);
  return any;
}

// `automatic`: every part may be read from the cache; else only what carries a cache_control mark.
void add_segment(Prompt& prompt, dom::element part, bool automatic) {
  std::string text = simdjson::minify(part);
  // Claude Code's note for the bill is new with every request, and its provider leaves it out.
  if (!automatic && text.find("\"text\":\"x-anthropic-billing-header:") != text.npos) return;
  const bool marked = take_marks(text);
  prompt.push_back({.hash = std::hash<std::string_view>{}(text),
                    .tokens = static_cast<std::int64_t>((text.size() + 3) / 4),
                    .breakpoint = automatic || marked});
}

void add_parts(Prompt& prompt, const dom::object& object, const char* key, bool automatic) {
  dom::element value;
  if (object.at_key(key).get(value)) return;
  dom::array items;
  if (value.get(items)) return add_segment(prompt, value, automatic);
  for (const auto item : items) add_segment(prompt, item, automatic);
}

std::optional<std::int64_t> integer(const dom::object& object, const char* key) {
  std::int64_t value = 0;
  if (object.at_key(key).get(value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> output_cap(Api api, const dom::object& object) {
  switch (api) {
    case Api::anthropic_messages:
      return integer(object, "max_tokens");
    case Api::openai_chat: {
      const auto cap = integer(object, "max_completion_tokens");
      return cap ? cap : integer(object, "max_tokens");
    }
    case Api::openai_responses:
      return integer(object, "max_output_tokens");
    case Api::ollama_chat:
    case Api::ollama_generate: {
      dom::object options;
      if (object.at_key("options").get(options)) return std::nullopt;
      const auto cap = integer(options, "num_predict");
      return cap && *cap >= 0 ? cap : std::nullopt;
    }
  }
  return std::nullopt;
}
}  // namespace

std::optional<GenerationRequest> read_generation(Api api, std::string_view body, std::string account) {
  thread_local dom::parser parser;
  dom::object object;
  std::string_view model;
  if (parser.parse(body.data(), body.size()).get(object) || object.at_key("model").get(model)) return std::nullopt;
  GenerationRequest request;
  auto& asked = request.model_request;
  asked.account = std::move(account);
  asked.model = std::string(model);
  asked.max_tokens = output_cap(api, object);
  const bool anthropic = api == Api::anthropic_messages;
  asked.cache_step = anthropic ? 1 : 128;
  for (const char* key : {"tools", "instructions", "system", "messages", "input", "prompt"})
    add_parts(asked.prompt, object, key, !anthropic);
  request.stream = api == Api::ollama_chat || api == Api::ollama_generate;
  bool flag = false;
  if (!object.at_key("stream").get(flag)) request.stream = flag;
  dom::object stream_options;
  if (!object.at_key("stream_options").get(stream_options) && !stream_options.at_key("include_usage").get(flag))
    request.include_usage = flag;
  return request;
}
}  // namespace hivemind::mock
