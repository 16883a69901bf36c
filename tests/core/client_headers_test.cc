#include "core/client_headers.h"

#include "dialect_fixture.h"

namespace hivemind {
namespace {

RequestProfile read(const std::string& fields) {
  RequestProfile profile;
  read_client_headers(request_head("POST /", fields).head, profile);
  return profile;
}

TEST(ClientHeaders, NameTheMostParticularFlow) {
  EXPECT_EQ(read("x-claude-code-session-id: s\r\n").agent, "s");
  EXPECT_EQ(read("x-claude-code-session-id: s\r\nx-claude-code-agent-id: a\r\n").agent, "a");
  EXPECT_EQ(read("session-id: s\r\nthread-id: t\r\n").agent, "t");
  EXPECT_EQ(read("x-session-affinity: o\r\n").agent, "o");
  EXPECT_EQ(read("").agent, "");
}

TEST(ClientHeaders, ArePlainAndShort) {
  EXPECT_EQ(read("session-id: a\x9b[2J b\r\n").agent, "a_[2J_b");
  EXPECT_EQ(read("session-id: " + std::string(999, 'x') + "\r\n").agent.size(), 64u);
  EXPECT_EQ(read("User-Agent: OpenAI/JS 6.49.0\r\n").client, "OpenAI/JS");
}

TEST(ClientHeaders, TellClassRetryAndPatience) {
  EXPECT_EQ(read("x-claude-code-request-class: main\r\n").request_class, "main");
  EXPECT_EQ(read("x-openai-subagent: compact\r\n").request_class, "compaction");
  EXPECT_EQ(read("x-claude-code-request-class: surprise\r\n").request_class, "");
  EXPECT_EQ(read("x-stainless-retry-count: 1\r\n").client_retry, 1);
  EXPECT_EQ(read("x-stainless-retry-count: -1\r\n").client_retry, 0);
  EXPECT_EQ(read("x-stainless-timeout: 59.5\r\n").client_timeout, Duration(59500ms));
  EXPECT_FALSE(read("x-stainless-timeout: never\r\n").client_timeout);
  EXPECT_FALSE(read("x-stainless-timeout: 0\r\n").client_timeout);
}

}  // namespace
}  // namespace hivemind
