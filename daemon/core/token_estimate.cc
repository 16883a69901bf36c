#include "core/token_estimate.h"

#include <algorithm>
#include <cstring>

namespace hivemind {
namespace {

constexpr std::size_t media_size = 4096;  // shorter strings are text

bool is_base64(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
           c == '=' || c == '-' || c == '_';
  });
}

// A long string without a space or an escape. The first bytes may be "data:image/png;base64,".
bool is_media(std::string_view string) {
  if (string.size() < media_size) return false;
  if (string.starts_with("data:")) string.remove_prefix(std::min(string.find(',') + 1, string.size()));
  return is_base64(string.substr(0, 512)) &&
         is_base64(string.substr(string.size() - std::min<std::size_t>(string.size(), 64)));
}

// An image is at most some 1,600 tokens; a document has several pages of that in its megabyte.
std::int64_t media_tokens(std::size_t bytes) {
  return std::max<std::int64_t>(1600, static_cast<std::int64_t>(bytes / 200));
}

}  // namespace

std::int64_t estimate_input_tokens(std::string_view body, double bytes_per_token) {
  std::size_t text = body.size();
  std::int64_t media = 0;
  // Between any two quotes stands a string, a part of one, or punctuation: only a string is long.
  while (body.size() >= media_size) {
    const void* quote = std::memchr(body.data(), '"', body.size());
    const auto size =
        quote == nullptr ? body.size() : static_cast<std::size_t>(static_cast<const char*>(quote) - body.data());
    if (is_media(body.substr(0, size))) {
      text -= size;
      media += media_tokens(size);
    }
    body.remove_prefix(std::min(size + 1, body.size()));
  }
  return media + static_cast<std::int64_t>(static_cast<double>(text) / bytes_per_token) + 1;
}

}  // namespace hivemind
