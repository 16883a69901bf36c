// A provider of which little is known: statuses, Retry-After, and whatever error and usage objects look familiar.
// Gemini is read by it, since it names no limits in headers and ends its streams without an event.
#include <algorithm>
#include <iterator>

#include "core/dialects.h"
#include "core/json_document.h"
#include "core/model_names.h"
#include "core/refusal_response.h"
#include "core/response_reader.h"
#include "core/usage_json.h"

namespace hivemind {
namespace {

// The method of a Google path, ".../models/gemini-2.5-pro:streamGenerateContent"; empty for others.
std::string_view google_method(std::string_view path) {
  const auto segment = path.substr(path.rfind('/') + 1);
  const auto colon = segment.rfind(':');
  return colon == segment.npos ? std::string_view() : segment.substr(colon + 1);
}
std::string_view google_model(std::string_view path) {
  const auto segment = path.substr(path.rfind('/') + 1);
  return segment.substr(0, segment.rfind(':'));
}

void read_usage(JsonValue root, Reading& reading) {
  if (const auto usage = json_object(root, "usageMetadata")) return read_gemini_usage(*usage, reading.usage);
  const auto usage = json_object(root, "usage");
  if (!usage) return;
  const bool anthropic = json_member(*usage, "cache_read_input_tokens").has_value();
  anthropic ? read_anthropic_usage(*usage, reading.usage) : read_openai_usage(*usage, reading.usage);
}

void read_object(JsonValue root, Reading& reading) {
  if (json_object(root, "error")) return reading.fail_in_band(root);
  auto inner = json_object(root, "response");  // Code Assist wraps
  read_usage(inner ? *inner : root, reading);
  reading.content = true;
}

void read_event(const ServerEvent& event, Reading& reading) {
  reading.ending = true;
  const bool is_json = !event.oversized && with_json(event.data, [&](JsonValue root) { read_object(root, reading); });
  if (!is_json) reading.content = true;
}

void read_line(std::string_view line, Reading& reading) {
  reading.ending = true;
  if (!with_json(line, [&](JsonValue root) { read_object(root, reading); })) reading.content = true;
}

constexpr BodyShape shape{read_event, read_line, read_object, "\"usageMetadata\":", read_gemini_usage};

class Generic final : public Dialect {
public:
  std::string_view name() const override { return "generic"; }

  bool is_generation(const RequestHead& head) const override {
    static constexpr std::string_view google[] = {
        "generateContent", "streamGenerateContent", "embedContent", "batchEmbedContents", "predict",
        "rawPredict",      "streamRawPredict"};
    static constexpr std::string_view other[] = {"/chat",
                                                 "/completions",
                                                 "/generate",
                                                 "/messages",
                                                 "/responses",
                                                 "/embeddings",
                                                 "/embed",
                                                 "/invoke",
                                                 "/converse",
                                                 "/rerank",
                                                 "/invoke-with-response-stream",
                                                 "/converse-stream"};
    if (head.method != "POST") return false;
    const auto path = path_of(head);
    if (const auto method = google_method(path); !method.empty())
      return std::find(std::begin(google), std::end(google), method) != std::end(google);
    return std::any_of(std::begin(other), std::end(other), [&](std::string_view end) { return path.ends_with(end); });
  }

  RequestProfile read_request(const RequestHead& head, std::string_view host, std::string_view body,
                              std::string_view account_salt) const override {
    auto profile = read_profile(head, name(), host, body, account_salt);
    const auto path = path_of(head);
    const auto method = google_method(path);
    if (method.empty()) return profile;
    profile.streaming = method.starts_with("stream");
    if (profile.model.empty()) {
      profile.model = google_model(path);
      profile.model_class = model_class(profile.model);
      if (!profile.max_tokens) profile.output_bound = default_output_bound(profile.model);
    }
    if (method.ends_with("mbedContent") || method.ends_with("mbedContents")) profile.output_bound = 0;
    return profile;
  }

  std::vector<LimitReport> read_limits(const ResponseHead& head) const override { return read_openai_limits(head, {}); }
  std::string organisation(const ResponseHead&) const override { return {}; }

  std::unique_ptr<ResponseReader> reader(const ResponseHead& head, double now_unix) const override {
    return make_reader(head, now_unix, shape);
  }

  // Google's shape, which clients of the OpenAI family also find a message in.
  std::string refusal(const Refusal& refusal) const override {
    const int status = refusal_status(refusal);
    std::string body = R"({"error":{"code":)" + std::to_string(status) + R"(,"message":)" +
                       json_quoted(refusal.message) + R"(,"status":")" +
                       (status == 429   ? "RESOURCE_EXHAUSTED"
                        : status == 413 ? "INVALID_ARGUMENT"
                                        : "UNAVAILABLE") +
                       '"';
    if (refusal.should_retry)
      body += R"(,"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")" +
              std::to_string(refusal_delay(refusal)) + "s\"}]";
    return refusal_response(refusal, body + "}}");
  }
};

}  // namespace

const Dialect& generic_dialect() {
  static const Generic dialect;
  return dialect;
}

}  // namespace hivemind
