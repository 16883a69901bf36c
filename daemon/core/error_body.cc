#include "core/error_body.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/duration_text.h"

namespace hivemind {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// A member that is a string or an integer, as text.
std::string text_of(JsonValue object, std::string_view key) {
  if (const auto number = json_integer(object, key)) return std::to_string(*number);
  return std::string(json_string(object, key).substr(0, 64));
}

// The integer after `label` in "Limit 30000, Used 29000, Requested 4351".
std::optional<std::int64_t> number_after(std::string_view message, std::string_view label) {
  const auto at = message.find(label);
  if (at == message.npos) return std::nullopt;
  std::int64_t value = 0;
  const char* const begin = message.data() + at + label.size();
  const auto [end, error] = std::from_chars(begin, message.data() + message.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

// OpenAI and its like name the limit in prose: "... on tokens per min (TPM): Limit 30000, Used 29000, Requested 4351."
void read_prose(ErrorBody& error) {
  const auto limit = number_after(error.message, "Limit ");
  if (!limit) return;
  LimitReport report;
  report.limit = limit;
  report.in_body = true;
  const bool tokens = contains(error.message, "(TPM)") || contains(error.message, "(TPD)");
  const bool requests = contains(error.message, "(RPM)") || contains(error.message, "(RPD)");
  if (!tokens && !requests) return;
  report.dimension = tokens ? Dimension::tokens : Dimension::requests;
  if (contains(error.message, "(TPD)") || contains(error.message, "(RPD)")) report.window = 24h;
  if (const auto used = number_after(error.message, "Used "))
    report.remaining = std::max<std::int64_t>(0, *limit - *used);
  const auto requested = number_after(error.message, "Requested ");
  error.never = *limit == 0 || (requested && *requested > *limit);
  error.limits.push_back(report);
}

// google.rpc.QuotaFailure: which quota, how large, over what time. Of a day's quota nothing is left until midnight.
void read_quota_violation(JsonValue violation, ErrorBody& error) {
  const auto id = json_string(violation, "quotaId");
  if (error.reason.empty()) error.reason = id.substr(0, 128);
  const bool day = contains(id, "PerDay");
  error.long_window = error.long_window || day;
  const auto value = parse_number(json_string(violation, "quotaValue"));
  LimitReport report;
  report.bucket = false;
  report.in_body = true;
  report.window = day ? Duration(24h) : Duration(60s);
  if (value) error.never = error.never || *value == 0;
  if (day) {
    report.dimension = Dimension::utilisation;
    report.use = WindowUse{.used = 1, .rejected = true, .model_only = contains(id, "PerModel")};
  } else if (value && *value <= 1e15 && contains(id, "PerMinute")) {
    report.dimension = !contains(id, "Token")  ? Dimension::requests
                       : contains(id, "Input") ? Dimension::input_tokens
                                               : Dimension::tokens;
    report.limit = static_cast<std::int64_t>(*value);
    report.remaining = 0;
  } else {
    return;
  }
  error.limits.push_back(report);
}

// Days end at midnight in California: 7:00 UTC in summer, an hour later in winter.
Duration until_pacific_midnight(double now_unix) {
  constexpr double hour = 3600, day = 24 * hour;
  const double into = std::fmod(now_unix, day);
  for (const double end : {7 * hour, 8 * hour, day + 7 * hour})
    if (into < end) return from_seconds(end - into).value_or(Duration(1h));
  return 1h;
}

// The retryDelay of a day's quota is often that of a minute's.
void end_windows(ErrorBody& error, double now_unix) {
  if (error.long_window && now_unix > 0 && error.delay.value_or(Duration{}) < Duration(1h))
    error.delay = until_pacific_midnight(now_unix);
  for (auto& report : error.limits) report.reset_after = error.delay;
}

void read_google_detail(JsonValue detail, ErrorBody& error) {
  if (const auto delay = parse_duration(json_string(detail, "retryDelay"))) error.delay = delay;
  if (const auto metadata = json_object(detail, "metadata"); metadata && !error.delay)
    error.delay = parse_duration(json_string(*metadata, "quotaResetDelay"));
  simdjson::dom::array violations;
  if (detail["violations"].get(violations) != simdjson::SUCCESS) return;
  for (const JsonValue violation : violations) read_quota_violation(violation, error);
}

void read_details(JsonValue object, ErrorBody& error, double now_unix) {
  if (const auto details = json_object(object, "details")) {
    error.reason = text_of(*details, "error_code");
    if (const auto seconds = json_number(*details, "retry_after_seconds")) error.delay = from_seconds(*seconds);
  }
  simdjson::dom::array list;
  if (object["details"].get(list) == simdjson::SUCCESS)
    for (const JsonValue detail : list) read_google_detail(detail, error);
  if (!error.delay) error.delay = find_delay(error.message);
  end_windows(error, now_unix);
  if (const auto seconds = json_number(object, "resets_in_seconds"); seconds && !error.delay)
    error.delay = from_seconds(*seconds);
  if (const auto at = json_number(object, "resets_at"); at && !error.delay && now_unix > 0)
    error.delay = from_seconds(std::max(0.0, *at - now_unix));
}

// The object that carries type and message: {"error":{...}}, {"response":{"error":{...}}}, [{"error":{...}}], or the
// root itself (Mistral; the `error` event of Responses).
JsonValue error_object(JsonValue root) {
  simdjson::dom::array list;
  if (root.get(list) == simdjson::SUCCESS && list.size() > 0) root = *list.begin();
  if (const auto error = json_object(root, "error")) return *error;
  if (const auto response = json_object(root, "response"))
    if (const auto error = json_object(*response, "error")) return *error;
  if (const auto detail = json_object(root, "detail")) return *detail;
  return root;
}

}  // namespace

ErrorBody read_error(JsonValue root, double now_unix) {
  const auto object = error_object(root);
  ErrorBody error;
  error.type = text_of(object, "type");
  if (error.type.empty()) error.type = text_of(object, "status");  // Gemini: "RESOURCE_EXHAUSTED"
  error.code = text_of(object, "code");
  error.message = json_string(object, "message");
  if (error.message.empty()) error.message = json_string(object, "error");   // Ollama
  if (error.message.empty()) error.message = json_string(object, "detail");  // FastAPI servers
  read_details(object, error, now_unix);
  read_prose(error);
  if (contains(error.message, "limit: 0,") || error.message.ends_with("limit: 0")) error.never = true;
  if (!error.delay) error.delay = find_delay(error.message);
  return error;
}

ErrorBody read_error(std::string_view body, double now_unix) {
  ErrorBody error;
  const bool is_json = with_json(body, [&](JsonValue root) { error = read_error(root, now_unix); });
  if (!is_json) error.delay = find_delay(body);
  return error;
}

}  // namespace hivemind
