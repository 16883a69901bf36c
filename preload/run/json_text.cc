#include "preload/run/json_text.h"

#include <cstdio>

namespace hivemind::run {
namespace {
// Bytes of the UTF-8 character that `text` begins with, 0 when it begins with none.
std::size_t character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t size = first < 0x80                    ? 1
                           : first >= 0xF0 && first < 0xF5 ? 4
                           : first >= 0xE0                 ? 3
                           : first >= 0xC2                 ? 2
                                                           : 0;
  if (size == 0 || size > text.size() || first >= 0xF5) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  return size;
}
}  // namespace

std::string json_text(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto size = character(text);
    const auto c = static_cast<unsigned char>(text[0]);
    if (size == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c < 0x20 || c == 0x7F) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      out += escaped;
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out + '"';
}
}  // namespace hivemind::run
