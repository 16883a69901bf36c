// The beginnings of prompts, read from bodies as Claude Code, Codex and SDKs send them.
#include "core/prompt_reader.h"

#include <gtest/gtest.h>

#include <random>

#include "core/request_json.h"
#include "dialect_fixture.h"

namespace hivemind {
namespace {

std::string text(char letter, std::size_t size = 8000) { return std::string(size, letter); }
const std::string mark = R"(,"cache_control":{"type":"ephemeral"})";

std::string block(const std::string& said, const std::string& with = "") {
  return R"({"type":"text","text":")" + said + '"' + with + '}';
}
std::string message(const char* role, const std::string& content) {
  return std::string(R"({"role":")") + role + R"(","content":)" + content + '}';
}

// As Claude Code writes it: model, messages, system, tools; the last message and the system prompt marked; a note for
// the bill in front that is new every time.
std::string claude(const std::string& messages, const std::string& nonce = "a1b2c",
                   const std::string& model = "claude-sonnet-4-5", const std::string& system_mark = mark) {
  return R"({"model":")" + model + R"(","messages":[)" + messages + R"(],"system":[)" +
         block("x-anthropic-billing-header: cc_version=2.1.328.177; cc_entrypoint=sdk-cli; cch=" + nonce + ";") + ',' +
         block("You are Claude Code.", system_mark) + ',' + block(text('s'), system_mark) +
         R"(],"tools":[{"name":"Bash","description":")" + text('b') +
         R"(","input_schema":{"type":"object"}},{"name":"Read","input_schema":{"properties":{"cache_control":{}}}}],)"
         R"("metadata":{"user_id":"u"},"max_tokens":32000,"stream":true})";
}
PromptPrefixes marked(const std::string& body) { return read_request_json(body, PromptCaching::marked).prefixes; }
PromptPrefixes automatic(const std::string& body) { return read_request_json(body, PromptCaching::automatic).prefixes; }

std::vector<PromptPrefix> written(const PromptPrefixes& all) {
  std::vector<PromptPrefix> some;
  std::copy_if(all.begin(), all.end(), std::back_inserter(some), [](const auto& p) { return p.kept > Duration{}; });
  return some;
}
// Of the longest prefix of `one` that `other` also has; 0: none.
std::int64_t shared(const PromptPrefixes& one, const PromptPrefixes& other) {
  std::int64_t most = 0;
  for (const auto& a : one)
    for (const auto& b : other)
      if (a.hash == b.hash) most = std::max(most, a.tokens);
  return most;
}
bool holds(const PromptPrefixes& all, const PromptPrefix& prefix) { return shared(all, {prefix}) > 0; }

TEST(PromptReader, SiblingsShareToolsAndSystem) {
  const auto one = marked(claude(message("user", '[' + block("do this", mark) + ']')));
  const auto other = marked(claude(message("user", '[' + block("do that", mark) + ']'), "ffff0"));
  ASSERT_EQ(written(one).size(), 3u);
  ASSERT_EQ(written(other).size(), 3u);
  EXPECT_EQ(written(one)[0].hash, written(other)[0].hash);
  EXPECT_EQ(written(one)[1].hash, written(other)[1].hash);
  EXPECT_NE(written(one)[2].hash, written(other)[2].hash);
  EXPECT_GT(shared(one, other), 16'000);
  EXPECT_EQ(written(one)[1].kept, 5min);
}

TEST(PromptReader, NothingElseIsShared) {
  const auto one = marked(claude(message("user", '[' + block("do this", mark) + ']')));
  EXPECT_EQ(shared(one, marked(claude(message("user", "\"x\""), "a", "claude-opus-4-5"))), 0);
  auto other_tool = claude(message("user", '[' + block("do this", mark) + ']'));
  other_tool.replace(other_tool.find("Read"), 4, "Edit");
  EXPECT_EQ(shared(one, marked(other_tool)), 0);
  auto other_system = claude(message("user", '[' + block("do this", mark) + ']'));
  other_system.replace(other_system.find("ssss"), 4, "sss.");
  EXPECT_LT(shared(one, marked(other_system)), 9'000);  // up to the first mark
}

TEST(PromptReader, WhereAMemberStandsInTheBodyDoesNotMatter) {
  const std::string tools = R"("tools":[{"name":"Bash","description":")" + text('b') + "\"}]";
  const std::string system = R"("system":[)" + block(text('s'), mark) + ']';
  const std::string messages = R"("messages":[)" + message("user", "\"hi\"") + ']';
  const auto one = marked(R"({"model":"m",)" + messages + ',' + system + ',' + tools + '}');
  const auto other = marked('{' + tools + ",\n \"model\" : \"m\",  " + system + ',' + messages + '}');
  ASSERT_FALSE(one.empty());
  EXPECT_EQ(shared(one, other), one.back().tokens);
}

TEST(PromptReader, TheNextTurnFindsWhatTheLastOneWrote) {
  const auto asked = [](const std::string& with) { return message("user", '[' + block(text('q'), with) + ']'); };
  const auto first = marked(claude(asked(mark), "1"));
  // Its mark has moved on, and what was a block may have become a text.
  const std::string rest =
      ',' + message("assistant", '[' + block("ok") + ']') + ',' +
      message("user", R"([{"type":"tool_result","tool_use_id":"t","content":"done")" + mark + "}]");
  const auto second = marked(claude(asked("") + rest, "2"));
  const auto as_text = marked(claude(message("user", '"' + text('q') + '"') + rest, "3"));
  EXPECT_TRUE(holds(second, written(first).back()));
  EXPECT_TRUE(holds(as_text, written(first).back()));
  EXPECT_GT(written(second).back().tokens, written(first).back().tokens);
}

TEST(PromptReader, AMarkTellsHowLong) {
  const auto hour =
      marked(claude(message("user", "\"x\""), "1", "m", R"(,"cache_control":{"type":"ephemeral","ttl":"1h"})"));
  ASSERT_FALSE(written(hour).empty());
  EXPECT_EQ(written(hour).front().kept, 1h);
  EXPECT_TRUE(marked(claude(message("user", "\"x\""), "1", "m", "")).empty());
  EXPECT_TRUE(marked(claude(message("user", "\"x\""), "1", "m", R"(,"cache_control":null)")).empty());
}

TEST(PromptReader, AMarkAtTheRootIsForTheEnd) {
  const auto all = marked(R"({"cache_control":{"type":"ephemeral"},"system":")" + text('s') +
                          R"(","messages":[{"role":"user","content":"a"}]})");
  ASSERT_EQ(written(all).size(), 1u);
  EXPECT_EQ(written(all)[0].hash, all.back().hash);
}

TEST(PromptReader, AutomaticCachesKeepWhatBeginsAlike) {
  const auto chat = [](const std::string& more) {
    return R"({"model":"gpt-5.4","messages":[)" + message("system", '"' + text('s') + '"') + ',' + more +
           R"(],"tools":[{"type":"function","function":{"name":"f"}}]})";
  };
  const auto one = automatic(chat(message("user", "\"this\"")));
  const auto other = automatic(chat(message("user", "\"that\"")));
  EXPECT_GT(shared(one, other), 8'000);
  EXPECT_LT(shared(one, other), one.back().tokens);
  const auto next = automatic(
      chat(message("user", "\"this\"") + ',' + message("assistant", "null") + ',' + message("tool", "\"result\"")));
  EXPECT_EQ(shared(one, next), one.back().tokens);
}

TEST(PromptReader, CodexKeepsItsToolsInItsInput) {
  const auto body = [](const std::string& question) {
    return R"({"model":"gpt-5.4-codex","stream":true,"input":[{"type":"additional_tools","tools":[{"name":"shell","description":")" +
           text('t') + R"("}]},{"type":"message","role":"developer","content":[{"type":"input_text","text":")" +
           text('d') + R"("}]},{"type":"message","role":"user","content":[{"type":"input_text","text":")" + question +
           R"("}]}],"reasoning":{},"prompt_cache_key":"session"})";
  };
  EXPECT_GT(shared(automatic(body("this")), automatic(body("that"))), 16'000);
}

TEST(PromptReader, LongConversationsAreBounded) {
  std::string messages, longer;
  for (int i = 0; i < 4000; ++i) messages += (i ? "," : "") + message("user", '"' + text('m', 200) + '"');
  longer = messages + ',' + message("user", "\"more\"");
  const auto all = automatic(R"({"messages":[)" + messages + "]}");
  EXPECT_LE(all.size(), 12u);
  EXPECT_EQ(shared(all, automatic(R"({"messages":[)" + longer + "]}")), all.back().tokens);
}

TEST(PromptReader, SmallPromptsAndThoseNobodyKeepsGiveNothing) {
  EXPECT_TRUE(read_request_json(claude(message("user", "\"x\""))).prefixes.empty());
  const auto of = [](const char* dialect, const std::string& body) {
    const auto head = "POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n";
    return dialect_by_name(dialect)->read_request(*parse_request_head(head), "h", body, "").prefixes;
  };
  EXPECT_FALSE(of("anthropic", claude(message("user", "\"x\""))).empty());
  EXPECT_FALSE(of("openai", claude(message("user", "\"x\""))).empty());
  EXPECT_TRUE(of("ollama", claude(message("user", "\"x\""))).empty());
  EXPECT_TRUE(of("anthropic", R"({"system":[)" + block(text('s', 3000), mark) + "]}").empty());
  for (const auto& prefix : of("anthropic", claude(message("user", "\"x\"")))) EXPECT_GE(prefix.tokens, 1024);
}

TEST(PromptReader, SurvivesMutations) {
  const auto seed = claude(message("user", '[' + block("do this", mark) + ']') + ',' + message("assistant", "null"));
  std::mt19937 random(8);
  for (int i = 0; i < 3000; ++i) {
    auto body = seed;
    for (auto n = random() % 4; n > 0; --n) body[random() % body.size()] = static_cast<char>(random());
    if (random() % 2 == 0) body.resize(random() % body.size());
    const auto caching = random() % 2 == 0 ? PromptCaching::marked : PromptCaching::automatic;
    EXPECT_LE(read_request_json(body, caching).prefixes.size(), 40u);
  }
}

}  // namespace
}  // namespace hivemind
