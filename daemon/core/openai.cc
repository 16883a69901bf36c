// OpenAI's APIs, and the providers that took them over. They differ in what their limit headers count.
#include <algorithm>
#include <iterator>

#include "core/dialects.h"
#include "core/model_names.h"
#include "core/openai_body.h"
#include "core/refusal_response.h"

namespace hivemind {
namespace {

// Azure names the model by the deployment in the path: /openai/deployments/{name}/chat/completions.
std::string_view deployment(std::string_view path) {
  constexpr std::string_view lead = "/openai/deployments/";
  if (!path.starts_with(lead)) return {};
  path.remove_prefix(lead.size());
  return path.substr(0, path.find('/'));
}

std::string error_body(const Refusal& refusal) {
  const char* type = "server_error";
  const char* code = "service_unavailable";
  if (refusal.kind == RefusalKind::budget) {
    type = code = "insufficient_quota";
  } else if (refusal.kind == RefusalKind::too_large) {
    type = "tokens";
    code = "request_too_large";
  } else if (refusal_status(refusal) == 429) {
    type = "requests";
    code = "rate_limit_exceeded";
  }
  return R"({"error":{"message":)" + json_quoted(refusal.message) + R"(,"type":")" + type +
         R"(","param":null,"code":")" + code + "\"}}";
}

class OpenAi final : public Dialect {
public:
  OpenAi(std::string_view name, LimitHeaderProfile limits) : name_(name), limits_(limits) {}
  std::string_view name() const override { return name_; }

  bool is_generation(const RequestHead& head) const override {
    static constexpr std::string_view generating[] = {"/completions", "/responses", "/responses/compact", "/embeddings",
                                                      "/images/generations"};
    const auto path = path_of(head);
    return head.method == "POST" && std::any_of(std::begin(generating), std::end(generating),
                                                [&](std::string_view end) { return path.ends_with(end); });
  }

  RequestProfile read_request(const RequestHead& head, std::string_view host, std::string_view body,
                              std::string_view account_salt) const override {
    auto profile = read_profile(head, name(), host, body, account_salt);
    const auto path = path_of(head);
    if (const auto name = deployment(path); !name.empty()) {
      profile.model = name;  // it owns the quota, whatever the body says
      profile.model_class = name;
    }
    if (path.ends_with("/embeddings")) profile.output_bound = 0;
    return profile;
  }

  std::vector<LimitReport> read_limits(const ResponseHead& head) const override {
    return read_openai_limits(head, limits_);
  }

  std::string organisation(const ResponseHead& head) const override {
    return std::string(head.find("openai-organization").value_or(""));
  }

  std::unique_ptr<ResponseReader> reader(const ResponseHead& head, double now_unix) const override {
    return make_reader(head, now_unix, openai_body);
  }

  std::string refusal(const Refusal& refusal) const override { return refusal_response(refusal, error_body(refusal)); }

private:
  std::string_view name_;
  LimitHeaderProfile limits_;
};

}  // namespace

const Dialect* openai_dialect(std::string_view name) {
  static const OpenAi dialects[] = {
      {"openai", {}},
      {"chatgpt", {.codex = true}},
      {"azure", {.bucket = false}},
      {"groq", {.request_window = 24h}},
      {"mistral", {}},
      {"cerebras", {}},
      {"openrouter", {}},
      {"deepseek", {}},
      {"xai", {}},
      {"together", {}},
      {"fireworks", {}},
  };
  const auto found = std::find_if(std::begin(dialects), std::end(dialects),
                                  [&](const OpenAi& dialect) { return dialect.name() == name; });
  return found == std::end(dialects) ? nullptr : &*found;
}

}  // namespace hivemind
