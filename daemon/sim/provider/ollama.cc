// Ollama: one JSON object per line, the last one with done and counts; durations in nanoseconds; a full queue is a 503.
#include "sim/provider/dialect.h"
#include "sim/provider/json_text.h"

namespace hivemind::provider {
namespace {

class Ollama final : public Dialect {
public:
  explicit Ollama(bool chat) : chat_(chat) {}
  std::string_view stream_type() const override { return "application/x-ndjson"; }
  std::string body(const Answer& answer) const override { return object(answer, answer.text(), true); }
  std::string opening(const Answer&) const override { return ""; }
  std::string piece(const Answer& answer, std::size_t index) const override {
    return object(answer, answer.pieces[index], false) + "\n";
  }
  std::string closing(const Answer& answer) const override { return object(answer, "", true) + "\n"; }
  std::string ping() const override { return "\n"; }
  std::string overloaded_event(const Answer&) const override {
    return "{\"error\":\"an error was encountered while running the model: server overloaded\"}\n";
  }
  ErrorAnswer error(const Fault& fault, const Circumstances&) const override {
    if (fault.kind == FaultKind::spend_cap)
      return {402, "application/json; charset=utf-8", R"({"error":"usage limit reached, please upgrade your plan"})"};
    switch (fault.status) {
      case 502:
      case 504:
        return gateway_page(fault.status);
      case 503:
      case 529:
        return {503, "application/json; charset=utf-8",
                R"({"error":"server busy, please try again.  maximum pending requests exceeded"})"};
      case 429:
        return {429, "application/json; charset=utf-8", R"({"error":"too many requests"})"};
      default:
        return {fault.status, "application/json; charset=utf-8",
                "{\"error\":" + quoted_utf8(reason_phrase(fault.status)) + "}"};
    }
  }
  std::string headers(const Fault& fault, const std::vector<LimitState>&, const Circumstances& at) const override {
    if (fault.kind != FaultKind::status || !fault.delay) return "";
    return header_line("retry-after", delay_seconds(at.scale.to_real(*fault.delay), at.scale.speed != 1));
  }

private:
  std::string object(const Answer& answer, std::string_view text, bool done) const {
    std::string line = "{\"model\":" + quoted_utf8(answer.model) + ",\"created_at\":\"" +
                       rfc3339(static_cast<double>(answer.created), true) + "\",";
    line += chat_ ? "\"message\":{\"role\":\"assistant\",\"content\":" + quoted_utf8(text) + "}"
                  : "\"response\":" + quoted_utf8(text);
    if (!done) return line + ",\"done\":false}";
    const auto took = answer.took.count();
    return line + ",\"done\":true,\"done_reason\":\"" + (answer.cut_by_max_tokens ? "length" : "stop") +
           "\",\"total_duration\":" + std::to_string(took) + ",\"load_duration\":" + std::to_string(took / 10) +
           ",\"prompt_eval_count\":" + std::to_string(answer.prompt.input) +
           ",\"prompt_eval_duration\":" + std::to_string(took / 5) +
           ",\"eval_count\":" + std::to_string(answer.output_tokens) +
           ",\"eval_duration\":" + std::to_string(took / 2) + "}";
  }

  bool chat_;
};
}  // namespace

const Dialect& ollama_dialect(bool chat) {
  static const Ollama for_chat(true), for_generate(false);
  return chat ? for_chat : for_generate;
}
}  // namespace hivemind::provider
