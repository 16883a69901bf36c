#include "core/refusal_response.h"

#include <simdjson.h>

#include <algorithm>

namespace hivemind {

int refusal_status(const Refusal& refusal) {
  if (refusal.kind == RefusalKind::too_large) return 413;  // clients do not ask again; some make the request smaller
  return refusal.kind == RefusalKind::draining || refusal.kind == RefusalKind::run_closed ? 503 : 429;
}

int refusal_delay(const Refusal& refusal) {
  const auto delay = std::chrono::ceil<std::chrono::seconds>(refusal.retry_after.value_or(10s));
  return static_cast<int>(std::clamp<std::int64_t>(delay.count(), 1, 60));
}

std::string refusal_response(const Refusal& refusal, std::string_view body) {
  const int status = refusal_status(refusal);
  std::string out = "HTTP/1.1 " + std::to_string(status) +
                    (status == 429   ? " Too Many Requests"
                     : status == 413 ? " Content Too Large"
                                     : " Service Unavailable");
  out += "\r\nContent-Type: application/json\r\nx-hivemind: refused\r\nx-should-retry: ";
  out += refusal.should_retry ? "true" : "false";
  if (refusal.should_retry) out += "\r\nRetry-After: " + std::to_string(refusal_delay(refusal));
  out += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: keep-alive\r\n\r\n";
  return out.append(body);
}

std::string json_quoted(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  const bool utf8 = simdjson::validate_utf8(text.data(), text.size());
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
    } else {
      out += utf8 || static_cast<unsigned char>(c) < 0x80 ? c : '?';
    }
  }
  return out += '"';
}

}  // namespace hivemind
