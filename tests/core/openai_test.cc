#include "dialect_fixture.h"

namespace hivemind {
namespace {

const std::string role =
    "data: "
    "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","
    "\"content\":\"\",\"refusal\":null},\"finish_reason\":null}],\"usage\":null}\n\n";
const std::string text =
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},"
    "\"finish_reason\":null}],\"usage\":null}\n\n";
const std::string last =
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},"
    "\"finish_reason\":\"stop\"}],\"usage\":null}\n\n";
const std::string usage =
    "data: "
    "{\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":2006,\"completion_tokens\":300,\"total_tokens\":2306,"
    "\"prompt_tokens_details\":{\"cached_tokens\":1920},\"completion_tokens_details\":{\"reasoning_tokens\":10}}}\n\n";
const std::string done = "data: [DONE]\n\n";

TEST(ChatStream, IsReadAtEverySplit) {
  expect_at_every_split(
      "openai", event_stream_type, ": OPENROUTER PROCESSING\n\n" + role + text + last + usage + done,
      "content complete in 86 read 1920 written 0 out 300",
      "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\"");
}

TEST(ChatStream, EndsByDoneOrByItsFinishReason) {
  EXPECT_EQ(describe(*read_whole("openai", 200, event_stream_type, role + text + done)), "content complete");
  EXPECT_EQ(describe(*read_whole("openai", 200, event_stream_type, role + text + last)), "content complete");
  EXPECT_EQ(describe(*read_whole("openai", 200, event_stream_type, role + text)), "content open");
}

TEST(ChatStream, OpeningsAreNotContent) {
  const std::string azure = "data: {\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0}]}\n\n";
  EXPECT_FALSE(read_whole("azure", 200, event_stream_type, azure + role)->content_begun());
  for (const char* delta : {R"({"content":"x"})", R"({"role":"assistant","tool_calls":[{"index":0}]})",
                            R"({"reasoning_content":"hm"})", R"({"refusal":"no"})"})
    EXPECT_TRUE(
        read_whole("openai", 200, event_stream_type, std::string("data: {\"choices\":[{\"delta\":") + delta + "}]}\n\n")
            ->content_begun())
        << delta;
  EXPECT_TRUE(
      read_whole("openai", 200, event_stream_type, "data: {\"choices\":[{\"text\":\"x\"}]}\n\n")->content_begun());
  EXPECT_TRUE(read_whole("openai", 200, event_stream_type, "data: {\"new\":1}\n\n")->content_begun());
}

TEST(ChatStream, ErrorsInsideAreFailures) {
  expect_at_every_split("openai", event_stream_type,
                        role +
                            "data: {\"error\":{\"message\":\"The server is overloaded\",\"type\":\"server_error\","
                            "\"code\":\"server_is_overloaded\"}}\n\n",
                        "nothing open overload 200 server_error server_is_overloaded", "never");
  EXPECT_EQ(describe(*read_whole(
                "openrouter", 200, event_stream_type,
                role + text +
                    "data: {\"id\":\"g\",\"error\":{\"code\":502,\"message\":\"Provider disconnected\"},"
                    "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n")),
            "content open fault 200 502");
}

std::string response_event(const std::string& name, const std::string& members = "") {
  return "event: " + name + "\ndata: {\"type\":\"" + name + "\",\"sequence_number\":1" + members + "}\n\n";
}
const std::string handshake =
    response_event("response.created", ",\"response\":{\"id\":\"r\",\"error\":null,\"usage\":null}") +
    response_event("response.queued") + response_event("response.in_progress");

TEST(ResponsesStream, IsReadAtEverySplit) {
  const auto body = handshake + response_event("response.output_item.added", ",\"item\":{}") +
                    response_event("response.output_text.delta", ",\"delta\":\"Hi\"") +
                    response_event("response.completed",
                                   ",\"response\":{\"status\":\"completed\",\"usage\":{\"input_tokens\":37,"
                                   "\"input_tokens_details\":{\"cached_tokens\":7},\"output_tokens\":11,"
                                   "\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":48}}");
  expect_at_every_split("openai", event_stream_type, body, "content complete in 30 read 7 written 0 out 11",
                        "event: response.output_item.added");
}

TEST(ResponsesStream, FailuresArriveAfterTheHandshake) {
  expect_at_every_split(
      "chatgpt", event_stream_type,
      handshake + response_event("response.failed",
                                 ",\"response\":{\"id\":\"r\",\"status\":\"failed\",\"error\":{\"code\":"
                                 "\"rate_limit_exceeded\",\"message\":\"Rate limit reached for m on tokens "
                                 "per min (TPM): Limit 100, Used 90, Requested 20. Please try again in "
                                 "2.5s.\"}}"),
      "nothing open rate_limited 200 rate_limit_exceeded in 2500ms", "never");
  EXPECT_EQ(describe(*read_whole("openai", 200, event_stream_type,
                                 handshake + response_event("error", ",\"code\":\"server_error\",\"message\":\"x\""))),
            "nothing open fault 200 error server_error");
  EXPECT_EQ(
      describe(*read_whole(
          "openai", 200, event_stream_type,
          handshake + response_event("response.failed", ",\"response\":{\"error\":{\"code\":\"invalid_prompt\"}}"))),
      "nothing open client_error 200 invalid_prompt");
}

TEST(ResponsesStream, AnOversizedEndIsStillAnEnd) {
  EXPECT_EQ(describe(*read_whole("openai", 200, event_stream_type,
                                 handshake + "event: response.completed\ndata: " + std::string(2 << 20, 'x') + "\n\n")),
            "content complete");
}

TEST(OpenAiBody, IsReadWhole) {
  EXPECT_EQ(describe(*read_whole("deepseek", 200, json_type,
                                 "\n\n\n{\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,"
                                 "\"prompt_cache_hit_tokens\":4,\"prompt_cache_miss_tokens\":6}}")),
            "content complete in 6 read 4 written 0 out 5");
  EXPECT_EQ(describe(*read_whole("openai", 200, json_type,
                                 R"({"object":"response","error":null,"status":"completed","usage":{"input_tokens":3,)"
                                 R"("output_tokens":4}})")),
            "content complete in 3 read 0 written 0 out 4");
  EXPECT_EQ(
      describe(*read_whole("openai", 200, json_type,
                           R"({"object":"response","error":{"code":"server_error","message":"x"},"status":"failed"})")),
      "nothing open fault 200 server_error");
}

TEST(OpenAiBody, TooLargeToKeepIsContentAtOnceAndStillCounted) {
  auto reader = reader_of("openai", 200, json_type);
  reader->feed("{\"data\":[");
  EXPECT_FALSE(reader->content_begun());
  for (int i = 0; i < 40; ++i) reader->feed(std::string(64 * 1024, '1'));
  EXPECT_TRUE(reader->content_begun());
  reader->feed("],\"usage\":{\"prompt_tokens\":8,\"total_");
  reader->feed("tokens\":8}}");
  reader->finish();
  EXPECT_EQ(describe(*reader), "content complete in 8 read 0 written 0 out 0");
}

TEST(OpenAiRequests, GenerateByPath) {
  const auto& dialect = *dialect_by_name("openai");
  for (const char* line : {"POST /v1/chat/completions", "POST /openai/v1/chat/completions", "POST /v1/completions",
                           "POST /v1/responses", "POST /backend-api/codex/responses", "POST /v1/responses/compact",
                           "POST /openai/deployments/d/chat/completions?api-version=1", "POST /v1/embeddings"})
    EXPECT_TRUE(dialect.is_generation(request_head(line).head)) << line;
  for (const char* line : {"GET /v1/responses", "GET /v1/chat/completions", "POST /v1/responses/r_1/cancel",
                           "POST /v1/files", "POST /v1/batches", "GET /v1/models", "POST /v1/responses/input_tokens",
                           "POST /backend-api/codex/plugins/x", "DELETE /v1/responses/r_1"})
    EXPECT_FALSE(dialect.is_generation(request_head(line).head)) << line;
}

TEST(OpenAiRequests, AreRead) {
  const auto read = [](const char* dialect, const char* line, std::string_view body) {
    return dialect_by_name(dialect)->read_request(request_head(line, "thread-id: t-2\r\nsession-id: s-1\r\n").head, "h",
                                                  body, "");
  };
  auto profile = read("openai", "POST /v1/chat/completions",
                      R"({"messages":[],"max_completion_tokens":50,"n":3,"model":"gpt-4o-2024-08-06"})");
  EXPECT_EQ(profile.model_class, "gpt-4o");
  EXPECT_EQ(profile.max_tokens, 50);
  EXPECT_EQ(profile.output_bound, 150);
  EXPECT_FALSE(profile.streaming);
  EXPECT_EQ(profile.agent, "t-2");
  profile = read("openai", "POST /v1/responses", R"({"model":"gpt-5.4","stream":true,"max_output_tokens":9})");
  EXPECT_EQ(profile.max_tokens, 9);
  EXPECT_TRUE(profile.streaming);
  profile = read("openai", "POST /v1/responses", R"({"model":"gpt-5.4","stream":true,"max_output_tokens":null})");
  EXPECT_EQ(profile.output_bound, 128000);
  EXPECT_EQ(read("openai", "POST /v1/embeddings", R"({"model":"m","input":"x"})").output_bound, 0);
  profile = read("azure", "POST /openai/deployments/my-gpt/chat/completions?api-version=1", R"({"messages":[]})");
  EXPECT_EQ(profile.provider, "azure");
  EXPECT_EQ(profile.model_class, "my-gpt");
}

TEST(OpenAiRequests, ThatAreCompressedAreToldByTheirHeaders) {
  const auto head = request_head("POST /backend-api/codex/responses",
                                 "content-encoding: zstd\r\naccept: text/event-stream\r\n"
                                 "x-codex-routing-hint: model=gpt-5.4-2026-03-05, tier=x\r\n");
  const std::string body(24000, '\x28');
  const auto profile = dialect_by_name("chatgpt")->read_request(head.head, "chatgpt.com", body, "");
  EXPECT_EQ(profile.model_class, "gpt-5.4");
  EXPECT_TRUE(profile.streaming);
  EXPECT_EQ(profile.output_bound, 128000);
  EXPECT_GT(profile.input_tokens, 15000);
  EXPECT_GE(profile.input_bound, 20 * 24000);
  EXPECT_EQ(profile.body_bytes, 24000);
}

TEST(OpenAiRefusal, HasItsShape) {
  const auto& dialect = *dialect_by_name("openai");
  EXPECT_TRUE(dialect.refusal({RefusalKind::budget, "HiveMind", {}, false})
                  .ends_with(R"({"error":{"message":"HiveMind","type":"insufficient_quota","param":null,)"
                             R"("code":"insufficient_quota"}})"));
  const auto waiting = dialect.refusal({RefusalKind::deadline, "HiveMind", 1500ms, true});
  EXPECT_TRUE(waiting.starts_with("HTTP/1.1 429 "));
  EXPECT_NE(waiting.find("Retry-After: 2\r\n"), waiting.npos);
  EXPECT_NE(waiting.find("x-should-retry: true\r\n"), waiting.npos);
  EXPECT_NE(waiting.find("x-hivemind: refused\r\n"), waiting.npos);
}

}  // namespace
}  // namespace hivemind
