#include "core/failure_signals.h"

#include <algorithm>

#include "core/calendar_time.h"
#include "core/duration_text.h"

namespace hivemind {
namespace {

template <std::size_t N>
bool one_of(std::string_view text, const std::string_view (&list)[N]) {
  return !text.empty() && std::find(std::begin(list), std::end(list), text) != std::end(list);
}
bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

constexpr std::string_view permanent[] = {"insufficient_quota",
                                          "credit_balance_exhausted",
                                          "organization_spend_limit_exceeded",
                                          "billing_error",
                                          "project_spend_limit_exceeded",
                                          "organization_usage_limit_exceeded",
                                          "billing_hard_limit_reached",
                                          "enforced_spend_limit_reached",
                                          "usage_not_included",
                                          "insufficient_credits"};
constexpr std::string_view overloaded[] = {"overloaded_error", "server_is_overloaded", "capacity_exceeded",
                                           "engine_overloaded", "UNAVAILABLE"};
constexpr std::string_view limited[] = {"rate_limit_error",   "rate_limit_exceeded", "rate_limited",
                                        "RESOURCE_EXHAUSTED", "ThrottlingException", "too_many_requests"};
constexpr std::string_view faulty[] = {"api_error", "server_error",      "timeout_error",        "internal_error",
                                       "INTERNAL",  "DEADLINE_EXCEEDED", "internal_server_error"};
constexpr std::string_view clients[] = {
    "authentication_error", "permission_error", "not_found_error",   "request_too_large", "context_length_exceeded",
    "content_filter",       "INVALID_ARGUMENT", "PERMISSION_DENIED", "NOT_FOUND",         "UNAUTHENTICATED"};

// A test of what names the error: its type, its code, or what stands deeper.
template <std::size_t N>
bool named(const ErrorBody& error, const std::string_view (&list)[N]) {
  return one_of(error.type, list) || one_of(error.code, list) || one_of(error.reason, list);
}
bool is_named(const ErrorBody& error, std::string_view name) {
  return error.type == name || error.code == name || error.reason == name;
}

bool is_permanent(const ErrorBody& error) {
  return named(error, permanent) || error.never || contains(error.message, "reached your specified API usage limits");
}
bool is_long_window(const FailureSignals& signals, const ErrorBody& error) {
  return signals.window_spent || error.long_window || is_named(error, "usage_limit_reached");
}
bool is_ramp(const ErrorBody& error) {
  return is_named(error, "slow_down") || contains(error.message, "cceleration limit");
}

FailureClass class_of_limit(const FailureSignals& signals, const ErrorBody& error) {
  if (is_permanent(error)) return FailureClass::permanent_quota;
  if (is_long_window(signals, error)) return FailureClass::long_window;
  if (is_ramp(error)) return FailureClass::ramp;
  if (named(error, overloaded)) return FailureClass::overload;
  if (signals.told_not_to_retry && !signals.delay && !error.delay) return FailureClass::permanent_quota;
  return FailureClass::rate_limited;
}

FailureClass class_of_status(int status, const FailureSignals& signals, const ErrorBody& error) {
  switch (status) {
    case 402:
      return FailureClass::permanent_quota;
    case 408:
    case 409:
    case 425:
      return FailureClass::retryable;
    case 429:
      return class_of_limit(signals, error);
    case 498:
    case 529:
      return FailureClass::overload;
    case 501:
    case 505:
      return FailureClass::client_error;
    case 503:
      return is_ramp(error) ? FailureClass::ramp : FailureClass::overload;
    default:
      break;
  }
  if (status >= 500) return named(error, overloaded) ? FailureClass::overload : FailureClass::fault;
  if (is_permanent(error)) return FailureClass::permanent_quota;
  return one_of(error.type, limited) ? class_of_limit(signals, error) : FailureClass::client_error;
}

FailureClass class_in_band(const FailureSignals& signals, const ErrorBody& error) {
  if (is_permanent(error) || is_long_window(signals, error) || is_ramp(error) || named(error, limited) ||
      error.type == "tokens" || error.type == "requests")
    return class_of_limit(signals, error);
  if (named(error, overloaded) || error.message == "Overloaded") return FailureClass::overload;
  if (named(error, clients) || error.type.starts_with("invalid_") || error.code.starts_with("invalid_"))
    return FailureClass::client_error;
  if (named(error, faulty)) return FailureClass::fault;
  // OpenRouter and Gemini give the status as the code.
  if (const auto status = parse_number(error.code); status && *status >= 400 && *status < 600)
    return class_of_status(static_cast<int>(*status), signals, error);
  return FailureClass::fault;
}

// Names are shown to people and logged; whatever else a provider puts there is not.
void add_name(std::string& detail, std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (name.empty() || !plain || name.size() > 64 || contains(detail, name)) return;
  detail += ' ';
  detail += name;
}

double server_clock(const ResponseHead& head, double now_unix) {
  const auto date = head.find("date");
  return (date ? parse_http_date(*date) : std::nullopt).value_or(now_unix);
}

std::optional<Duration> header_delay(const ResponseHead& head, double now_unix) {
  if (const auto text = head.find("retry-after-ms"))
    if (const auto number = parse_number(*text))
      if (const auto delay = from_seconds(*number / 1000)) return delay;
  const auto text = head.find("retry-after");
  return text ? parse_delay(*text, now_unix) : std::nullopt;
}

void read_windows(const ResponseHead& head, FailureSignals& signals) {
  const auto wait_until = [&](std::string_view name) {
    if (const auto reset = head.find(name)) signals.window_delay = parse_delay(*reset, signals.now_unix);
  };
  if (head.find("anthropic-ratelimit-unified-status") == "rejected") {
    signals.window_spent = true;
    wait_until("anthropic-ratelimit-unified-reset");
  }
  const auto spent = [&](std::string_view name) {
    const auto used = head.find(name);
    return used && parse_number(*used).value_or(0) >= 100;
  };
  if (spent("x-codex-primary-used-percent")) wait_until("x-codex-primary-reset-at");
  if (spent("x-codex-secondary-used-percent")) wait_until("x-codex-secondary-reset-at");
}

}  // namespace

FailureSignals read_failure_signals(const ResponseHead& head, double now_unix) {
  FailureSignals signals;
  signals.status = head.status;
  signals.now_unix = server_clock(head, now_unix);
  signals.delay = header_delay(head, signals.now_unix);
  read_windows(head, signals);
  signals.told_not_to_retry = head.find("x-should-retry") == "false";
  return signals;
}

Failure classify(const FailureSignals& signals, const ErrorBody& error, bool in_band) {
  Failure failure;
  failure.failure_class = in_band ? class_in_band(signals, error) : class_of_status(signals.status, signals, error);
  failure.status = signals.status;
  if (signals.delay && !in_band)
    failure.retry_after = signals.delay;
  else
    failure.retry_after = error.delay;
  if (!failure.retry_after && failure.failure_class == FailureClass::long_window)
    failure.retry_after = signals.window_delay;
  failure.detail = std::to_string(signals.status);
  for (const auto& name : {error.type, error.code, error.reason}) add_name(failure.detail, name);
  return failure;
}

}  // namespace hivemind
