#include "dialect_fixture.h"

namespace hivemind {
namespace {

const Dialect& dialect() { return *dialect_by_name("anthropic"); }

const std::string start =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\","
    "\"model\":\"claude-sonnet-4-5\",\"usage\":{\"input_tokens\":25,\"cache_creation_input_tokens\":100,"
    "\"cache_read_input_tokens\":11374,\"output_tokens\":1}}}\n\n"
    "event: ping\ndata: {\"type\": \"ping\"}\n\n: comment\n\n";
const std::string content =
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
    "{\"type\":\"text\",\"text\":\"\"}}\n\n";
const std::string rest =
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
    "\"text_delta\",\"text\":\"event: error\"}}\n\n"
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},"
    "\"usage\":{\"output_tokens\":15}}\n\n";
const std::string stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
const std::string overloaded =
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";

TEST(AnthropicStream, IsReadAtEverySplit) {
  expect_at_every_split("anthropic", event_stream_type, start + content + rest + stop,
                        "content complete in 25 read 11374 written 100 out 15", "event: content_block_start");
}

TEST(AnthropicStream, OverloadBeforeContentIsAFailureThatCanBeRetried) {
  expect_at_every_split("anthropic", event_stream_type, start + overloaded,
                        "nothing open in 25 read 11374 written 100 out 1 overload 200 overloaded_error", "never");
}

TEST(AnthropicStream, OverloadAfterContentIsReportedToo) {
  expect_at_every_split("anthropic", event_stream_type, start + content + overloaded,
                        "content open in 25 read 11374 written 100 out 1 overload 200 overloaded_error");
}

TEST(AnthropicStream, AnEndWithoutMessageStopIsOpen) {
  EXPECT_EQ(describe(*read_whole("anthropic", 200, event_stream_type, start + content + rest)),
            "content open in 25 read 11374 written 100 out 15");
}

TEST(AnthropicStream, UnknownEventsAreContent) {
  for (const char* event : {"event: new_kind\ndata: {\"type\":\"new_kind\"}\n\n", "data: not json\n\n", "data: []\n\n"})
    EXPECT_TRUE(read_whole("anthropic", 200, event_stream_type, start + event)->content_begun()) << event;
  const auto large = "event: content_block_delta\ndata: " + std::string(2 << 20, 'x') + "\n\n";
  EXPECT_EQ(describe(*read_whole("anthropic", 200, event_stream_type, start + large + stop)),
            "content complete in 25 read 11374 written 100 out 1");
}

TEST(AnthropicBody, IsContentOnceItIsOver) {
  const std::string body =
      R"({"id":"msg_1","type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn",)"
      R"("usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":12}})";
  auto reader = reader_of("anthropic", 200, json_type);
  reader->feed(body);
  EXPECT_FALSE(reader->content_begun());
  reader->finish();
  EXPECT_EQ(describe(*reader), "content complete in 9 read 4 written 0 out 12");
}

TEST(AnthropicBody, AnErrorInA200IsAFailure) {
  EXPECT_EQ(describe(*read_whole("anthropic", 200, json_type,
                                 R"({"type":"error","error":{"type":"api_error","message":"x"}})")),
            "nothing open fault 200 api_error");
}

TEST(AnthropicRequests, OnlyMessagesGenerate) {
  const struct {
    const char* line;
    bool want;
  } cases[] = {
      {"POST /v1/messages", true},
      {"POST /v1/messages?beta=true", true},
      {"POST https://api.anthropic.com/v1/messages", true},
      {"POST /anthropic/v1/messages", true},
      {"GET /v1/messages", false},
      {"POST /v1/messages/count_tokens?beta=true", false},
      {"POST /v1/messages/batches", false},
      {"GET /v1/models", false},
      {"POST /api/event_logging/batch", false},
      {"HEAD /", false},
      {"POST /v1/files", false},
  };
  for (const auto& c : cases) EXPECT_EQ(dialect().is_generation(request_head(c.line).head), c.want) << c.line;
}

TEST(AnthropicRequests, AreReadWithTheirHeaders) {
  const std::string body =
      R"({"model":"claude-sonnet-4-5-20250929[1m]","messages":[{"role":"user","content":"model: \"x\""}],)"
      R"("max_tokens":32000,"thinking":{"max_tokens":1},"stream":true})";
  const auto head =
      request_head("POST /v1/messages?beta=true",
                   "User-Agent: claude-cli/2.1.328 (external, sdk-cli)\r\nauthorization: Bearer secret\r\n"
                   "X-Stainless-Retry-Count: 2\r\nX-Stainless-Timeout: 600\r\n"
                   "X-Claude-Code-Session-Id: s-1\r\nx-claude-code-agent-id: a-1\r\n"
                   "x-claude-code-request-class: workflow\r\n");
  const auto profile = dialect().read_request(head.head, "API.Anthropic.com:443", body, "salt");
  EXPECT_EQ(profile.provider, "anthropic");
  EXPECT_EQ(profile.host, "api.anthropic.com");
  EXPECT_EQ(profile.model, "claude-sonnet-4-5-20250929[1m]");
  EXPECT_EQ(profile.model_class, "claude-sonnet-4");
  EXPECT_TRUE(profile.streaming);
  EXPECT_EQ(profile.max_tokens, 32000);
  EXPECT_EQ(profile.output_bound, 32000);
  EXPECT_EQ(profile.input_bound, static_cast<std::int64_t>(2 * body.size()));
  EXPECT_GT(profile.input_tokens, 20);
  EXPECT_LT(profile.input_tokens, profile.input_bound);
  EXPECT_EQ(profile.agent, "a-1");
  EXPECT_EQ(profile.request_class, "subagent");
  EXPECT_EQ(profile.client, "claude-cli/2.1.328");
  EXPECT_EQ(profile.client_retry, 2);
  EXPECT_EQ(profile.client_timeout, Duration(600s));
  EXPECT_EQ(profile.account.size(), 16u);
}

TEST(AnthropicRequests, ABodyThatCannotBeReadStillGivesAProfile) {
  for (const std::string& body :
       {std::string(), std::string("\x1f\x8b garbage"), std::string("{\"model\":"), std::string("[1]"),
        std::string("{\"model\":5,\"stream\":\"yes\",\"max_tokens\":-3}")}) {
    const auto profile = dialect().read_request(request_head("POST /v1/messages").head, "h", body, "");
    EXPECT_EQ(profile.model, "");
    EXPECT_FALSE(profile.max_tokens);
    EXPECT_EQ(profile.body_bytes, static_cast<std::int64_t>(body.size()));
    EXPECT_GT(profile.output_bound, 0);
  }
}

TEST(AnthropicRefusal, SaysWhatAClientShallDo) {
  const auto text = dialect().refusal({RefusalKind::budget, "HiveMind: token budget of run \"a\" is spent", {}, false});
  const auto head = parse_response_head(text.substr(0, find_head_end(text)), "POST");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 429);
  EXPECT_NE(text.find("x-should-retry: false\r\n"), text.npos);
  EXPECT_EQ(text.find("Retry-After"), text.npos);
  EXPECT_TRUE(text.ends_with(R"({"type":"error","error":{"type":"rate_limit_error","message":)"
                             R"("HiveMind: token budget of run \"a\" is spent"}})"));
}

}  // namespace
}  // namespace hivemind
