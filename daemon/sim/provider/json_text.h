// json_text.h - text as a JSON string. Bytes that are no ASCII become \u00XX, one escape per byte, so that any bytes
// survive a log line; `quoted_utf8` leaves them as they are.
#pragma once
#include <string>
#include <string_view>

namespace hivemind::provider {
std::string quoted(std::string_view bytes);
std::string quoted_utf8(std::string_view text);
}  // namespace hivemind::provider
