// OpenAI chat completions: unnamed data events, a role-only first chunk, [DONE] at the end.
#include "sim/provider/dialect.h"
#include "sim/provider/json_text.h"

namespace hivemind::provider {
namespace {

std::string usage(const Answer& answer) {
  const auto prompt = answer.prompt.input + answer.prompt.written + answer.prompt.read;
  return "{\"prompt_tokens\":" + std::to_string(prompt) +
         ",\"completion_tokens\":" + std::to_string(answer.output_tokens) +
         ",\"total_tokens\":" + std::to_string(prompt + answer.output_tokens) +
         ",\"prompt_tokens_details\":{\"cached_tokens\":" + std::to_string(answer.prompt.read) +
         ",\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,"
         "\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}";
}

std::string head(const Answer& answer, std::string_view object) {
  return "{\"id\":\"chatcmpl-" + answer.number + "\",\"object\":\"" + std::string(object) +
         "\",\"created\":" + std::to_string(answer.created) + ",\"model\":" + quoted_utf8(answer.model);
}

std::string chunk(const Answer& answer, const std::string& choices, const std::string& usage_text) {
  return "data: " + head(answer, "chat.completion.chunk") +
         ",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\",\"choices\":[" + choices + "]" +
         (answer.include_usage ? ",\"usage\":" + usage_text : "") + "}\n\n";
}

std::string choice(const std::string& delta, const std::string& finish_reason) {
  return "{\"index\":0,\"delta\":" + delta + ",\"logprobs\":null,\"finish_reason\":" + finish_reason + "}";
}

std::string finish_reason(const Answer& answer) { return answer.cut_by_max_tokens ? "\"length\"" : "\"stop\""; }

class OpenAiChat final : public Dialect {
public:
  std::string body(const Answer& answer) const override {
    return head(answer, "chat.completion") +
           ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":" + quoted_utf8(answer.text()) +
           ",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,\"finish_reason\":" + finish_reason(answer) +
           "}],\"usage\":" + usage(answer) + ",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\"}";
  }
  std::string opening(const Answer& answer) const override {
    return chunk(answer, choice("{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", "null"), "null");
  }
  std::string piece(const Answer& answer, std::size_t index) const override {
    return chunk(answer, choice("{\"content\":" + quoted_utf8(answer.pieces[index]) + "}", "null"), "null");
  }
  std::string closing(const Answer& answer) const override {
    return chunk(answer, choice("{}", finish_reason(answer)), "null") +
           (answer.include_usage ? chunk(answer, "", usage(answer)) : "") + "data: [DONE]\n\n";
  }
  std::string overloaded_event(const Answer&) const override {
    return "data: {\"error\":{\"message\":\"The server is currently overloaded with other requests.\",\"type\":"
           "\"server_error\",\"param\":null,\"code\":\"server_is_overloaded\"}}\n\n";
  }
  ErrorAnswer error(const Fault& fault, const Circumstances& at) const override { return openai_error(fault, at); }
  std::string headers(const Fault& fault, const std::vector<LimitState>& limits,
                      const Circumstances& at) const override {
    return openai_headers(fault, limits, at);
  }
};
}  // namespace

const Dialect& openai_chat_dialect() {
  static const OpenAiChat dialect;
  return dialect;
}
}  // namespace hivemind::provider
