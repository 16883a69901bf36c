// authority.h - what a CONNECT names: a host and a port.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hivemind {
struct Authority {
  std::string host;  // lower case, without the brackets of an IPv6 address
  std::uint16_t port = 0;
  bool operator==(const Authority&) const = default;
};
// "api.anthropic.com:443", "203.0.113.1:443", "[2001:db8::1]:443". The port must be there; a host of other characters
// than names and addresses have is none.
std::optional<Authority> parse_authority(std::string_view target);
}  // namespace hivemind
