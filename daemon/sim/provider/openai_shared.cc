// What OpenAI's chat completions and responses say alike: error bodies, x-ratelimit headers with Go durations.
#include "sim/provider/dialect.h"
#include "sim/provider/json_text.h"

namespace hivemind::provider {
namespace {

std::string limit_message(const Fault& fault, const Circumstances& at) {
  if (!at.verdict || !at.verdict->rejection) return "Rate limit reached for requests";
  const auto& rejection = *at.verdict->rejection;
  const bool requests = rejection.limit.dimension == Dimension::requests;
  std::string text = "Rate limit reached for " + at.model + " in organization " + at.organization + " on " +
                     (requests ? "requests per min (RPM)" : "tokens per min (TPM)") + ": Limit " +
                     std::to_string(rejection.limit.amount) + ", Used " + std::to_string(rejection.used) +
                     ", Requested " + std::to_string(rejection.requested) + ".";
  if (fault.delay) text += " Please try again in " + go_duration(at.scale.to_real(*fault.delay)) + ".";
  return text;
}

std::string error_body(std::string_view message, std::string_view type, const std::string& code) {
  return R"({"error":{"message":)" + quoted_utf8(message) + R"(,"type":)" + quoted_utf8(type) +
         R"(,"param":null,"code":)" + (code.empty() ? "null" : quoted_utf8(code)) + "}}";
}
}  // namespace

ErrorAnswer openai_error(const Fault& fault, const Circumstances& at) {
  const auto json = [](int status, const std::string& body) { return ErrorAnswer{status, "application/json", body}; };
  if (fault.kind == FaultKind::spend_cap)
    return json(429, error_body("You exceeded your current quota, please check your plan and billing details.",
                                "insufficient_quota", "insufficient_quota"));
  switch (fault.status) {
    case 401:
      return json(401, error_body("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"));
    case 429: {
      if (at.verdict && at.verdict->too_fast)
        return json(429, error_body("Your traffic grows too fast. Please ramp up gradually.", "requests", "slow_down"));
      const bool tokens =
          at.verdict && at.verdict->rejection && at.verdict->rejection->limit.dimension != Dimension::requests;
      return json(429, error_body(limit_message(fault, at), tokens ? "tokens" : "requests", "rate_limit_exceeded"));
    }
    case 500:
      return json(500, error_body("The server had an error while processing your request. Sorry about that!",
                                  "server_error", ""));
    case 502:
    case 503:
    case 504:
      return gateway_page(fault.status);
    // OpenAI has no 529: it says the same with 503.
    case 529:
      return json(503, error_body("The server is currently overloaded with other requests.", "server_error",
                                  "server_is_overloaded"));
    default:
      return json(fault.status, error_body(reason_phrase(fault.status), "invalid_request_error", ""));
  }
}

std::string openai_headers(const Fault& fault, const std::vector<LimitState>& limits, const Circumstances& at) {
  std::string lines = header_line("x-request-id", at.request_id) + header_line("openai-organization", at.organization) +
                      header_line("openai-version", "2020-10-01") + header_line("openai-processing-ms", "12");
  const auto add = [&](const std::string& dimension, const LimitState& state) {
    lines += header_line("x-ratelimit-limit-" + dimension, std::to_string(state.limit)) +
             header_line("x-ratelimit-remaining-" + dimension, std::to_string(state.remaining)) +
             header_line("x-ratelimit-reset-" + dimension, go_duration(at.scale.to_real(state.reset_after)));
  };
  const LimitState* tightest = nullptr;  // one pair of token headers, whatever limits there are
  for (const auto& state : limits) {
    if (state.dimension == Dimension::requests)
      add("requests", state);
    else if (!tightest || state.remaining < tightest->remaining)
      tightest = &state;
  }
  if (tightest) add("tokens", *tightest);
  if (fault.kind == FaultKind::status && fault.delay) {
    const auto delay = at.scale.to_real(*fault.delay);
    lines +=
        header_line("retry-after-ms", std::to_string(std::chrono::ceil<std::chrono::milliseconds>(delay).count())) +
        header_line("retry-after", delay_seconds(delay, at.scale.speed != 1));
  }
  return lines;
}
}  // namespace hivemind::provider
