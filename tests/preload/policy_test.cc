#include "preload/policy.h"

#include <gtest/gtest.h>

#include "table.h"

namespace hivemind {
namespace {

TEST(Policy, CapturesItsPortsOnly) {
  hm_policy policy = {};
  EXPECT_FALSE(captures_port(policy, 443)) << "nothing before the daemon wrote it";
  set_policy(policy, {443, 11434}, {"api.openai.com"});
  EXPECT_TRUE(captures_port(policy, 443));
  EXPECT_TRUE(captures_port(policy, 11434));
  EXPECT_FALSE(captures_port(policy, 80));
  EXPECT_FALSE(captures_port(policy, 0));
}

TEST(Policy, IsEmptyWhileItIsWritten) {
  hm_policy policy = {};
  set_policy(policy, {443}, {"api.openai.com"});
  policy.epoch++;
  EXPECT_FALSE(captures_port(policy, 443));
  EXPECT_EQ(classify_host(policy, "api.openai.com").kind, HostKind::unknown);
}

TEST(Policy, SurvivesNonsenseInTheTable) {
  hm_policy policy = {};
  set_policy(policy, {443}, {"api.openai.com"});
  policy.port_count = 4'000'000'000u;
  EXPECT_TRUE(captures_port(policy, 443));
  policy.hosts_size = 4'000'000'000u;
  EXPECT_EQ(classify_host(policy, "api.openai.com").kind, HostKind::unknown);
  policy.hosts_size = sizeof policy.hosts;
  std::memset(policy.hosts, 'x', sizeof policy.hosts);  // no end
  EXPECT_EQ(classify_host(policy, "api.openai.com").kind, HostKind::other);
}

TEST(Policy, ClassifiesHosts) {
  hm_policy policy = {};
  set_policy(policy, {443}, {"api.anthropic.com", "*.openai.azure.com"});
  const struct {
    const char* name;
    HostKind want;
  } cases[] = {
      {"api.anthropic.com", HostKind::llm},     {"anthropic.com", HostKind::other},
      {"x.api.anthropic.com", HostKind::other}, {"xapi.anthropic.com", HostKind::other},
      {"mine.openai.azure.com", HostKind::llm}, {"a.b.openai.azure.com", HostKind::llm},
      {"openai.azure.com", HostKind::other},    {".openai.azure.com", HostKind::other},
      {"xopenai.azure.com", HostKind::other},   {"", HostKind::other},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(classify_host(policy, c.name).kind, c.want);
  }
}

TEST(Policy, KnowsNoHostBeforeItHasSome) {
  hm_policy policy = {};
  set_policy(policy, {443}, {});
  EXPECT_EQ(classify_host(policy, "example.com").kind, HostKind::unknown);
}

TEST(Policy, NormalisesHostNames) {
  char name[64];
  ASSERT_TRUE(normalise_host("API.Anthropic.COM.", name, sizeof name));
  EXPECT_STREQ(name, "api.anthropic.com");
  for (const char* numeric :
       {"", ".", "127.0.0.1", "127.0.0.1.", "::1", "fe80::1%eth0", "0x7f.1", "2130706433", "1.2.3.0x4"}) {
    EXPECT_FALSE(normalise_host(numeric, name, sizeof name)) << numeric;
  }
  EXPECT_TRUE(normalise_host("7zip.org", name, sizeof name));
  EXPECT_FALSE(normalise_host(std::string(64, 'a').c_str(), name, sizeof name));
  EXPECT_TRUE(normalise_host(std::string(63, 'a').c_str(), name, sizeof name));
}
}  // namespace
}  // namespace hivemind
