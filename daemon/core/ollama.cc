// Ollama's own API: streams of JSON lines, and no limits but a full queue.
#include <algorithm>
#include <iterator>

#include "core/dialects.h"
#include "core/json_document.h"
#include "core/refusal_response.h"
#include "core/response_reader.h"
#include "core/usage_json.h"

namespace hivemind {
namespace {

void read_object(JsonValue root, Reading& reading) {
  if (!json_string(root, "error").empty()) return reading.fail_in_band(root);
  reading.content = true;
  bool done = false;
  if (root["done"].get(done) != simdjson::SUCCESS || !done) return;
  read_ollama_usage(root, reading.usage);
  reading.complete = true;
}

void read_line(std::string_view line, Reading& reading) {
  const auto has = [&](std::string_view text) { return line.find(text) != line.npos; };
  if (reading.content && has("\"done\":false") && !has("\"done\":true") && !has("\"error\"")) return;
  if (!with_json(line, [&](JsonValue root) { read_object(root, reading); })) reading.content = true;
}

void read_body(JsonValue root, Reading& reading) {
  read_object(root, reading);
  if (!reading.failure) read_ollama_usage(root, reading.usage);  // embeddings have no `done`
}

void read_event(const ServerEvent&, Reading& reading) { reading.content = reading.ending = true; }

constexpr BodyShape shape{read_event, read_line, read_body, {}, nullptr};

class Ollama final : public Dialect {
public:
  std::string_view name() const override { return "ollama"; }

  bool is_generation(const RequestHead& head) const override {
    static constexpr std::string_view generating[] = {"/api/chat", "/api/generate", "/api/embed", "/api/embeddings"};
    return head.method == "POST" &&
           std::find(std::begin(generating), std::end(generating), path_of(head)) != std::end(generating);
  }

  RequestProfile read_request(const RequestHead& head, std::string_view host, std::string_view body,
                              std::string_view account_salt) const override {
    auto profile = read_profile(head, name(), host, body, account_salt, 4, PromptCaching::none);
    const auto path = path_of(head);
    const bool embeds = path.starts_with("/api/embed");
    if (embeds) profile.output_bound = 0;
    profile.streaming = !embeds && read_request_json(body).stream.value_or(true);
    return profile;
  }

  std::vector<LimitReport> read_limits(const ResponseHead& head) const override { return read_openai_limits(head, {}); }
  std::string organisation(const ResponseHead&) const override { return {}; }

  std::unique_ptr<ResponseReader> reader(const ResponseHead& head, double now_unix) const override {
    return make_reader(head, now_unix, shape);
  }

  std::string refusal(const Refusal& refusal) const override {
    return refusal_response(refusal, "{\"error\":" + json_quoted(refusal.message) + "}");
  }
};

}  // namespace

const Dialect& ollama_dialect() {
  static const Ollama dialect;
  return dialect;
}

}  // namespace hivemind
