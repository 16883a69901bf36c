#include "dialect_fixture.h"

namespace hivemind {
namespace {

TEST(OllamaStream, IsReadAtEverySplit) {
  const std::string body =
      "{\"model\":\"llama3.2\",\"message\":{\"role\":\"assistant\",\"content\":\"Hi "
      "\\\"done\\\":true\"},\"done\":false}\n"
      "{\"model\":\"llama3.2\",\"message\":{\"role\":\"assistant\",\"content\":\"!\"},\"done\":false}\n"
      "{\"model\":\"llama3.2\",\"tool\":{\"done\":false},\"done\":true,\"done_reason\":\"stop\",\"total_duration\":"
      "4883583458,"
      "\"prompt_eval_count\":26,\"eval_count\":282}\n";
  expect_at_every_split("ollama", json_lines_type, body, "content complete in 26 read 0 written 0 out 282");
  expect_at_every_split("ollama", json_lines_type, body.substr(0, body.size() - 1),
                        "content complete in 26 read 0 written 0 out 282");
  EXPECT_EQ(describe(*read_whole("ollama", 200, json_lines_type, body.substr(0, body.find('\n') + 1))), "content open");
}

TEST(OllamaStream, AnErrorLineBeforeContentIsAFailure) {
  expect_at_every_split("ollama", json_lines_type, "{\"error\":\"llama runner process has terminated\"}\n",
                        "nothing open fault 200");
}

TEST(OllamaBody, IsReadWhole) {
  EXPECT_EQ(describe(*read_whole("ollama", 200, json_type,
                                 R"({"model":"m","response":"x","done":true,"eval_count":3,"prompt_eval_count":2})")),
            "content complete in 2 read 0 written 0 out 3");
  EXPECT_EQ(describe(*read_whole("ollama", 200, json_type, R"({"embeddings":[[0.1]],"prompt_eval_count":8})")),
            "content complete in 8 read 0 written 0 out 0");
}

TEST(OllamaErrors, AFullQueueIsOverload) {
  EXPECT_EQ(describe(*read_whole("ollama", 503, json_type,
                                 R"({"error":"server busy, please try again.  maximum pending requests exceeded"})")),
            "nothing complete overload 503");
  EXPECT_EQ(describe(*read_whole("ollama", 404, json_type, R"({"error":"model 'x' not found"})")),
            "nothing complete client_error 404");
}

TEST(OllamaRequests, StreamUnlessTheySayOtherwise) {
  const auto& dialect = *dialect_by_name("ollama");
  const auto read = [&](const char* line, std::string_view body) {
    return dialect.read_request(request_head(line).head, "localhost", body, "");
  };
  EXPECT_TRUE(read("POST /api/chat", R"({"model":"m"})").streaming);
  EXPECT_FALSE(read("POST /api/chat", R"({"model":"m","stream":false})").streaming);
  EXPECT_EQ(read("POST /api/generate", R"({"model":"m","options":{"num_predict":77}})").output_bound, 77);
  EXPECT_EQ(read("POST /api/embed", R"({"model":"m","input":"x"})").output_bound, 0);
  EXPECT_TRUE(dialect.is_generation(request_head("POST /api/embed").head));
  EXPECT_FALSE(dialect.is_generation(request_head("POST /api/pull").head));
  EXPECT_FALSE(dialect.is_generation(request_head("GET /api/ps").head));
}

TEST(OllamaRefusal, HasItsShape) {
  const auto text = dialect_by_name("ollama")->refusal({RefusalKind::draining, "HiveMind is stopping", 90s, true});
  EXPECT_TRUE(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_NE(text.find("Retry-After: 60\r\n"), text.npos);
  EXPECT_TRUE(text.ends_with(R"({"error":"HiveMind is stopping"})"));
}

}  // namespace
}  // namespace hivemind
