#include "dialect_fixture.h"

namespace hivemind {
namespace {

TEST(GeminiStream, IsReadAtEverySplit) {
  const std::string body =
      "data: "
      "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"}]}}],\"usageMetadata\":{\"promptTokenCount\":100,"
      "\"candidatesTokenCount\":2,\"totalTokenCount\":102}}\r\n\r\n"
      "data: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":100,"
      "\"cachedContentTokenCount\":60,\"candidatesTokenCount\":7,\"thoughtsTokenCount\":5,\"totalTokenCount\":112}}"
      "\r\n\r\n";
  expect_at_every_split("generic", event_stream_type, body, "content complete in 40 read 60 written 0 out 12");
}

TEST(GeminiStream, AnErrorEventIsAFailure) {
  expect_at_every_split(
      "generic", event_stream_type,
      "data: {\"error\":{\"code\":503,\"message\":\"The model is overloaded.\",\"status\":\"UNAVAILABLE\"}}\n\n",
      "nothing complete overload 200 UNAVAILABLE 503", "never");
}

TEST(GeminiStream, AsAnArrayIsContentAtOnce) {
  auto reader = reader_of("generic", 200, json_type);
  reader->feed("[");
  EXPECT_TRUE(reader->content_begun());
  reader->feed("{\"candidates\":[]}\n,\r\n{\"usageMetadata\":{\"promptTokenCount\":4,\"details\":[{\"a\":1}],");
  reader->feed("\"candidatesTokenCount\":6}}]");
  reader->finish();
  EXPECT_EQ(describe(*reader), "content complete in 4 read 0 written 0 out 6");
}

TEST(GenericBody, ReadsUsageOfAnyKnownShape) {
  EXPECT_EQ(describe(*read_whole("generic", 200, json_type, R"({"usageMetadata":{"promptTokenCount":4}})")),
            "content complete in 4 read 0 written 0 out 0");
  EXPECT_EQ(describe(*read_whole("generic", 200, json_type, R"({"usage":{"prompt_tokens":4,"completion_tokens":1}})")),
            "content complete in 4 read 0 written 0 out 1");
  EXPECT_EQ(describe(*read_whole("generic", 200, json_type,
                                 R"({"usage":{"input_tokens":4,"cache_read_input_tokens":2,"output_tokens":1}})")),
            "content complete in 4 read 2 written 0 out 1");
  EXPECT_EQ(describe(*read_whole("generic", 200, json_type, "no json")), "content complete");
}

TEST(GenericRequests, ReadModelAndStreamFromGooglePaths) {
  const auto& dialect = *dialect_by_name("generic");
  const auto head = request_head("POST /v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse&key=K");
  const auto profile = dialect.read_request(
      head.head, "h", R"({"contents":[],"generationConfig":{"maxOutputTokens":500,"candidateCount":2}})", "");
  EXPECT_EQ(profile.model, "gemini-2.5-pro");
  EXPECT_TRUE(profile.streaming);
  EXPECT_EQ(profile.output_bound, 1000);
  EXPECT_EQ(profile.account.size(), 16u);
  EXPECT_EQ(dialect.read_request(head.head, "h", "{}", "").output_bound, 65536);

  EXPECT_TRUE(dialect.is_generation(head.head));
  EXPECT_TRUE(dialect.is_generation(request_head("POST /v1beta/models/g:generateContent").head));
  EXPECT_FALSE(dialect.is_generation(request_head("POST /v1beta/models/g:countTokens").head));
  EXPECT_FALSE(dialect.is_generation(request_head("POST /v1internal:loadCodeAssist").head));
  EXPECT_FALSE(dialect.is_generation(request_head("GET /v1beta/models").head));
  EXPECT_TRUE(dialect.is_generation(request_head("POST /v2/chat").head));
}

TEST(GenericRefusal, NamesADelayAsGoogleDoes) {
  const auto text = dialect_by_name("generic")->refusal({RefusalKind::queue_full, "HiveMind", 3s, true});
  EXPECT_NE(text.find(R"("status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo",)"
                      R"("retryDelay":"3s"}]}})"),
            text.npos);
}

}  // namespace
}  // namespace hivemind
