#include "core/authority.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {
TEST(Authority, HostAndPort) {
  const struct {
    const char* target;
    std::optional<Authority> want;
  } cases[] = {
      {"api.anthropic.com:443", Authority{"api.anthropic.com", 443}},
      {"API.Anthropic.com:1", Authority{"api.anthropic.com", 1}},
      {"203.0.113.1:65535", Authority{"203.0.113.1", 65535}},
      {"[2001:DB8::1]:443", Authority{"2001:db8::1", 443}},
      {"my_host-1:80", Authority{"my_host-1", 80}},
      {"api.anthropic.com", {}},
      {"api.anthropic.com:", {}},
      {"api.anthropic.com:0", {}},
      {"api.anthropic.com:65536", {}},
      {"api.anthropic.com:+443", {}},
      {"api.anthropic.com:443 ", {}},
      {":443", {}},
      {"[]:443", {}},
      {"2001:db8::1:443", {}},
      {"[fe80::1%25eth0]:443", {}},
      {"http://x:443", {}},
      {"user@host:443", {}},
      {"a b:443", {}},
      {"", {}},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_authority(c.target), c.want) << c.target;
  EXPECT_EQ(parse_authority(std::string(254, 'a') + ":443"), std::nullopt);
}
}  // namespace
}  // namespace hivemind
