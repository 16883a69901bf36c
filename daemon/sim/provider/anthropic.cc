// Anthropic messages: named events, limits per dimension with the time until a bucket is full, retry-after in seconds.
#include <algorithm>

#include "sim/provider/dialect.h"
#include "sim/provider/json_text.h"

namespace hivemind::provider {
namespace {

std::string event(std::string_view name, const std::string& data) {
  std::string text = "event: ";
  text += name;
  text += "\ndata: ";
  text += data;
  return text += "\n\n";
}

std::string usage(const Answer& answer, std::int64_t output) {
  return "{\"input_tokens\":" + std::to_string(answer.prompt.input) +
         ",\"cache_creation_input_tokens\":" + std::to_string(answer.prompt.written) +
         ",\"cache_read_input_tokens\":" + std::to_string(answer.prompt.read) +
         ",\"cache_creation\":{\"ephemeral_5m_input_tokens\":" + std::to_string(answer.prompt.written) +
         ",\"ephemeral_1h_input_tokens\":0},\"output_tokens\":" + std::to_string(output) +
         ",\"service_tier\":\"standard\"}";
}

std::string message(const Answer& answer, const std::string& content, const std::string& stop_reason,
                    std::int64_t output) {
  return "{\"id\":\"msg_" + answer.number +
         "\",\"type\":\"message\",\"role\":\"assistant\",\"model\":" + quoted_utf8(answer.model) + ",\"content\":[" +
         content + "],\"stop_reason\":" + stop_reason + ",\"stop_sequence\":null,\"usage\":" + usage(answer, output) +
         "}";
}

std::string stop_reason(const Answer& answer) { return answer.cut_by_max_tokens ? "\"max_tokens\"" : "\"end_turn\""; }

std::string_view error_type(int status) {
  switch (status) {
    case 400:
      return "invalid_request_error";
    case 401:
      return "authentication_error";
    case 402:
      return "billing_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 504:
      return "timeout_error";
    case 529:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

std::string limit_message(const Circumstances& at) {
  if (at.verdict && at.verdict->too_fast)
    return "This request would exceed your organization's acceleration limit. Please ramp up gradually.";
  if (!at.verdict || !at.verdict->rejection) return "Number of requests has exceeded your rate limit.";
  const auto& limit = at.verdict->rejection->limit;
  std::string what = to_string(limit.dimension);
  std::replace(what.begin(), what.end(), '-', ' ');
  return "This request would exceed your organization's rate limit of " + std::to_string(limit.amount) + " " + what +
         " per minute (org: " + at.organization + ", model: " + at.model + ").";
}

class Anthropic final : public Dialect {
public:
  std::string body(const Answer& answer) const override {
    return message(answer, "{\"type\":\"text\",\"text\":" + quoted_utf8(answer.text()) + "}", stop_reason(answer),
                   answer.output_tokens);
  }
  std::string opening(const Answer& answer) const override {
    return event("message_start", "{\"type\":\"message_start\",\"message\":" + message(answer, "", "null", 1) + "}") +
           ping();
  }
  std::string piece(const Answer& answer, std::size_t index) const override {
    std::string text;
    if (index == 0)
      text = event("content_block_start",
                   R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})");
    return text + event("content_block_delta",
                        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":)" +
                            quoted_utf8(answer.pieces[index]) + "}}");
  }
  std::string closing(const Answer& answer) const override {
    return (answer.pieces.empty() ? std::string()
                                  : event("content_block_stop", R"({"type":"content_block_stop","index":0})")) +
           event("message_delta", R"({"type":"message_delta","delta":{"stop_reason":)" + stop_reason(answer) +
                                      R"(,"stop_sequence":null},"usage":)" + usage(answer, answer.output_tokens) +
                                      "}") +
           event("message_stop", R"({"type":"message_stop"})");
  }
  std::string ping() const override { return event("ping", R"({"type":"ping"})"); }
  std::string overloaded_event(const Answer&) const override {
    return event("error", R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})");
  }

  ErrorAnswer error(const Fault& fault, const Circumstances& at) const override {
    int status = fault.status;
    std::string text = std::string(reason_phrase(status)), details;
    if (fault.kind == FaultKind::spend_cap) {
      status = 429;
      text = "You have reached your enforced spend limit.";
      details = R"(,"details":{"error_code":"enforced_spend_limit_reached"})";
    } else if (status == 502 || status == 503 || status == 504) {
      return gateway_page(status);
    } else if (status == 429) {
      text = limit_message(at);
    } else if (status == 529) {
      text = "Overloaded";
    }
    return {status, "application/json",
            R"({"type":"error","error":{"type":")" + std::string(error_type(status)) + R"(","message":)" +
                quoted_utf8(text) + details + R"(},"request_id":")" + at.request_id + "\"}"};
  }

  std::string headers(const Fault& fault, const std::vector<LimitState>& limits,
                      const Circumstances& at) const override {
    std::string lines =
        header_line("request-id", at.request_id) + header_line("anthropic-organization-id", at.organization);
    const bool scaled = at.scale.speed != 1;
    const auto add = [&](const std::string& dimension, const LimitState& state, std::int64_t rounded_to) {
      const auto name = "anthropic-ratelimit-" + dimension;
      const auto remaining = (state.remaining + rounded_to / 2) / rounded_to * rounded_to;
      const double reset = at.unix_now + std::chrono::duration<double>(at.scale.to_real(state.reset_after)).count();
      lines += header_line(name + "-limit", std::to_string(state.limit)) +
               header_line(name + "-remaining", std::to_string(remaining)) +
               header_line(name + "-reset", rfc3339(reset, scaled));
    };
    const LimitState *tightest = nullptr, *all = nullptr;
    for (const auto& state : limits) {
      add(to_string(state.dimension), state, state.dimension == Dimension::requests ? 1 : 1000);
      if (state.dimension == Dimension::tokens) all = &state;
      if (state.dimension != Dimension::requests && (!tightest || state.remaining < tightest->remaining))
        tightest = &state;
    }
    // "tokens" always tells the most restrictive limit in force.
    if (!all && tightest) add("tokens", *tightest, 1000);
    if (fault.kind == FaultKind::status && fault.delay) {
      const auto delay = at.scale.to_real(*fault.delay);
      lines += header_line("retry-after", delay_seconds(delay, scaled));
    }
    if (fault.kind == FaultKind::status && (fault.status == 429 || fault.status == 529))
      lines += header_line("x-should-retry", "true");
    return lines;
  }
};
}  // namespace

const Dialect& anthropic_dialect() {
  static const Anthropic dialect;
  return dialect;
}
}  // namespace hivemind::provider
