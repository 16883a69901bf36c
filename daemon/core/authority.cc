#include "core/authority.h"

#include <algorithm>
#include <charconv>

namespace hivemind {
namespace {
constexpr std::size_t longest_name = 253;

bool is_name_character(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}
bool is_address_character(unsigned char c) {
  return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == '.' || c == ':';
}
}  // namespace

std::optional<Authority> parse_authority(std::string_view target) {
  const auto colon = target.rfind(':');
  if (colon == target.npos) return {};
  const auto digits = target.substr(colon + 1);
  auto host = target.substr(0, colon);
  Authority authority;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), authority.port);
  if (error != std::errc() || end != digits.data() + digits.size() || authority.port == 0) return {};
  const bool six = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (six) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.size() > longest_name) return {};
  authority.host = host;
  for (char& c : authority.host)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  const auto allowed = six ? is_address_character : is_name_character;
  if (!std::all_of(authority.host.begin(), authority.host.end(), allowed)) return {};
  return authority;
}
}  // namespace hivemind
