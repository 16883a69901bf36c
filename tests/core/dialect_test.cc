#include "dialect_fixture.h"

namespace hivemind {
namespace {

std::string found(const char* host, const char* line, const char* configured = "") {
  const auto* dialect = find_dialect(host, request_head(line).head, configured);
  return dialect == nullptr ? "none" : std::string(dialect->name());
}

TEST(FindDialect, ByHostPathAndConfiguration) {
  const struct {
    const char *host, *line, *want;
  } cases[] = {
      {"api.anthropic.com", "POST /v1/messages", "anthropic"},
      {"API.ANTHROPIC.COM:443", "GET /v1/models", "anthropic"},
      {"api.openai.com", "POST /v1/responses", "openai"},
      {"api.openai.com", "GET /v1/models", "openai"},
      {"res.openai.azure.com", "POST /openai/deployments/d/chat/completions", "azure"},
      {"openai.azure.com", "GET /", "none"},
      {"chatgpt.com", "POST /backend-api/codex/responses", "chatgpt"},
      {"gov.chatgpt.com", "POST /backend-api/codex/responses", "chatgpt"},
      {"generativelanguage.googleapis.com", "POST /v1beta/models/g:generateContent", "generic"},
      {"generativelanguage.googleapis.com", "POST /v1beta/openai/chat/completions", "openai"},
      {"openrouter.ai", "POST /api/v1/chat/completions", "openrouter"},
      {"openrouter.ai", "POST /api/v1/messages", "anthropic"},
      {"api.groq.com", "POST /openai/v1/chat/completions", "groq"},
      {"api.deepseek.com", "POST /anthropic/v1/messages", "anthropic"},
      {"localhost", "POST /api/chat", "ollama"},
      {"127.0.0.1:11434", "POST /v1/chat/completions", "openai"},
      {"127.0.0.1", "POST /v1/messages", "anthropic"},
      {"127.0.0.1", "POST /v1/embeddings", "openai"},
      {"127.0.0.1", "GET /v1/models", "none"},
      {"example.com", "POST /surveys/responses", "none"},
      {"example.com", "POST /login", "none"},
  };
  for (const auto& c : cases) EXPECT_EQ(found(c.host, c.line), c.want) << c.host << " " << c.line;
  EXPECT_EQ(found("gateway.local", "POST /anything", "anthropic"), "anthropic");
  EXPECT_EQ(found("gateway.local", "POST /anything", "groq"), "groq");
  EXPECT_EQ(found("gateway.local", "POST /anything", "klingon"), "none");
}

TEST(FindDialect, EveryKnownHostHasItsDialect) {
  for (auto host : known_hosts()) {
    if (host.starts_with("*.")) host.replace(0, 1, "x");
    EXPECT_NE(found(host.c_str(), "GET /"), "none") << host;
  }
}

TEST(HostMatches, ExactlyOrByLabels) {
  EXPECT_TRUE(host_matches("a.b", "a.b"));
  EXPECT_FALSE(host_matches("a.b", "x.a.b"));
  EXPECT_TRUE(host_matches("*.a.b", "x.a.b"));
  EXPECT_TRUE(host_matches("*.a.b", "y.x.a.b"));
  EXPECT_FALSE(host_matches("*.a.b", "a.b"));
  EXPECT_FALSE(host_matches("*.a.b", ".a.b"));
  EXPECT_FALSE(host_matches("*.a.b", "xa.b"));
}

}  // namespace
}  // namespace hivemind
