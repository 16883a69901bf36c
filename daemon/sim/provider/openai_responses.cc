// OpenAI responses: named events, each with a sequence number; handshake, one message item, completed.
#include "sim/provider/dialect.h"
#include "sim/provider/json_text.h"

namespace hivemind::provider {
namespace {

std::string event(const std::string& type, std::size_t sequence, const std::string& fields) {
  return "event: " + type + "\ndata: {\"type\":\"" + type + "\",\"sequence_number\":" + std::to_string(sequence) + "," +
         fields + "}\n\n";
}

std::string usage(const Answer& answer) {
  const auto prompt = answer.prompt.input + answer.prompt.written + answer.prompt.read;
  return "{\"input_tokens\":" + std::to_string(prompt) +
         ",\"input_tokens_details\":{\"cached_tokens\":" + std::to_string(answer.prompt.read) +
         "},\"output_tokens\":" + std::to_string(answer.output_tokens) +
         ",\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":" +
         std::to_string(prompt + answer.output_tokens) + "}";
}

std::string part(std::string_view text) {
  return "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":" + quoted_utf8(text) + "}";
}

std::string item(const Answer& answer, std::string_view status, const std::string& content) {
  return "{\"id\":\"msg_" + answer.number + "\",\"type\":\"message\",\"status\":\"" + std::string(status) +
         "\",\"role\":\"assistant\",\"content\":[" + content + "]}";
}

std::string response(const Answer& answer, std::string_view status, const std::string& output,
                     const std::string& usage_text, const std::string& error = "null") {
  return "{\"id\":\"resp_" + answer.number +
         "\",\"object\":\"response\",\"created_at\":" + std::to_string(answer.created) + ",\"status\":\"" +
         std::string(status) + "\",\"error\":" + error +
         ",\"incomplete_details\":" + (status == "incomplete" ? "{\"reason\":\"max_output_tokens\"}" : "null") +
         ",\"instructions\":null,\"max_output_tokens\":null,\"model\":" + quoted_utf8(answer.model) + ",\"output\":[" +
         output +
         "],\"parallel_tool_calls\":true,\"previous_response_id\":null,\"reasoning\":"
         "{\"effort\":null,\"summary\":null},\"service_tier\":\"default\",\"store\":false,\"temperature\":1.0,"
         "\"text\":{\"format\":{\"type\":\"text\"}},\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":1.0,"
         "\"truncation\":\"disabled\",\"usage\":" +
         usage_text + ",\"metadata\":{}}";
}

std::string_view end_status(const Answer& answer) { return answer.cut_by_max_tokens ? "incomplete" : "completed"; }

std::string where(const Answer& answer) {
  return "\"item_id\":\"msg_" + answer.number + "\",\"output_index\":0,\"content_index\":0,";
}

class OpenAiResponses final : public Dialect {
public:
  std::string body(const Answer& answer) const override {
    return response(answer, end_status(answer), item(answer, end_status(answer), part(answer.text())), usage(answer));
  }
  std::string opening(const Answer& answer) const override {
    const auto fields = "\"response\":" + response(answer, "in_progress", "", "null");
    return event("response.created", 0, fields) + event("response.in_progress", 1, fields);
  }
  std::string piece(const Answer& answer, std::size_t index) const override {
    std::string text;
    if (index == 0)
      text = event("response.output_item.added", 2, "\"output_index\":0,\"item\":" + item(answer, "in_progress", "")) +
             event("response.content_part.added", 3, where(answer) + "\"part\":" + part(""));
    return text + event("response.output_text.delta", 4 + index,
                        where(answer) + "\"delta\":" + quoted_utf8(answer.pieces[index]) + ",\"logprobs\":[]");
  }
  std::string closing(const Answer& answer) const override {
    const auto next = 4 + answer.pieces.size();
    const auto done = item(answer, end_status(answer), part(answer.text()));
    return event("response.output_text.done", next,
                 where(answer) + "\"text\":" + quoted_utf8(answer.text()) + ",\"logprobs\":[]") +
           event("response.content_part.done", next + 1, where(answer) + "\"part\":" + part(answer.text())) +
           event("response.output_item.done", next + 2, "\"output_index\":0,\"item\":" + done) +
           event("response." + std::string(end_status(answer)), next + 3,
                 "\"response\":" + response(answer, end_status(answer), done, usage(answer)));
  }
  std::string overloaded_event(const Answer& answer) const override {
    return event(
        "response.failed", 4 + answer.pieces.size(),
        "\"response\":" + response(answer, "failed", "", "null",
                                   R"({"code":"server_is_overloaded","message":"The server is overloaded."})"));
  }
  ErrorAnswer error(const Fault& fault, const Circumstances& at) const override { return openai_error(fault, at); }
  std::string headers(const Fault& fault, const std::vector<LimitState>& limits,
                      const Circumstances& at) const override {
    return openai_headers(fault, limits, at);
  }
};
}  // namespace

const Dialect& openai_responses_dialect() {
  static const OpenAiResponses dialect;
  return dialect;
}
}  // namespace hivemind::provider
