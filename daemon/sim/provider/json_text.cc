#include "sim/provider/json_text.h"

namespace hivemind::provider {
namespace {
std::string quote(std::string_view text, bool escape_high) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  out.reserve(text.size() + 2);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f || (escape_high && byte >= 0x80)) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out += '"';
}
}  // namespace

std::string quoted(std::string_view bytes) { return quote(bytes, true); }
std::string quoted_utf8(std::string_view text) { return quote(text, false); }
}  // namespace hivemind::provider
