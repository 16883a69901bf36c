// calendar_time.h - absolute times as providers write them, read to seconds since 1970 (UTC).
#pragma once
#include <optional>
#include <string_view>

namespace hivemind {

// RFC 3339: "2026-11-20T10:03:07.25Z", "...+02:00"; also with a space for the T.
std::optional<double> parse_rfc3339(std::string_view text);
// RFC 9110 IMF-fixdate: "Fri, 20 Nov 2026 10:03:07 GMT".
std::optional<double> parse_http_date(std::string_view text);
}  // namespace hivemind
