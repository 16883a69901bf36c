// Anthropic's Messages API, also as others offer it (".../anthropic/v1/messages").
#include "core/dialects.h"
#include "core/json_document.h"
#include "core/refusal_response.h"
#include "core/response_reader.h"
#include "core/usage_json.h"

namespace hivemind {
namespace {

void read_usage(JsonValue object, Reading& reading) {
  if (const auto usage = json_object(object, "usage")) read_anthropic_usage(*usage, reading.usage);
}

// `type` is the event's name, which its data repeats.
void read_named_event(std::string_view type, JsonValue root, Reading& reading) {
  if (type == "error") return reading.fail_in_band(root);
  if (type == "message_start") {
    if (const auto message = json_object(root, "message")) read_usage(*message, reading);
  } else if (type == "message_delta") {
    read_usage(root, reading);
  }
  if (type == "message_stop") reading.complete = true;
  if (type != "message_start" && type != "ping") reading.content = true;
}

void read_event(const ServerEvent& event, Reading& reading) {
  // Most events are deltas, and after the first there is nothing to learn from them.
  if (reading.content && event.name.starts_with("content_block_")) return;
  const bool is_json = !event.oversized && with_json(event.data, [&](JsonValue root) {
    const auto type = json_string(root, "type");
    read_named_event(type.empty() ? event.name : type, root, reading);
  });
  if (!is_json && event.name != "ping") reading.content = true;
}

void read_body(JsonValue root, Reading& reading) {
  if (json_string(root, "type") == "error") return reading.fail_in_band(root);
  read_usage(root, reading);
  reading.content = true;
}

constexpr BodyShape shape{read_event, nullptr, read_body, "\"usage\":", read_anthropic_usage};

class Anthropic final : public Dialect {
public:
  std::string_view name() const override { return "anthropic"; }

  bool is_generation(const RequestHead& head) const override {
    const auto path = path_of(head);
    return head.method == "POST" && (path.ends_with("/v1/messages") || path == "/v1/complete");
  }

  RequestProfile read_request(const RequestHead& head, std::string_view host, std::string_view body,
                              std::string_view account_salt) const override {
    auto profile = read_profile(head, name(), host, body, account_salt, 3.5, PromptCaching::marked);
    profile.input_bound *= 2;  // its tokenizer may need two for a byte
    return profile;
  }

  std::vector<LimitReport> read_limits(const ResponseHead& head) const override { return read_anthropic_limits(head); }

  std::string organisation(const ResponseHead& head) const override {
    return std::string(head.find("anthropic-organization-id").value_or(""));
  }

  std::unique_ptr<ResponseReader> reader(const ResponseHead& head, double now_unix) const override {
    return make_reader(head, now_unix, shape);
  }

  std::string refusal(const Refusal& refusal) const override {
    const int status = refusal_status(refusal);
    const char* const type = status == 429 ? "rate_limit_error" : status == 413 ? "request_too_large" : "api_error";
    return refusal_response(refusal, std::string(R"({"type":"error","error":{"type":")") + type + R"(","message":)" +
                                         json_quoted(refusal.message) + "}}");
  }
};

}  // namespace

const Dialect& anthropic_dialect() {
  static const Anthropic dialect;
  return dialect;
}

}  // namespace hivemind
