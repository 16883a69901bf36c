#include "core/response_reader.h"

#include <random>

#include "dialect_fixture.h"

namespace hivemind {
namespace {

TEST(ResponseReader, WhatIsCompressedIsContentFromItsFirstByte) {
  for (const char* coding : {"gzip", "br", "zstd"}) {
    auto reader = reader_of("anthropic", 200, event_stream_type + "Content-Encoding: " + coding + "\r\n");
    EXPECT_FALSE(reader->content_begun());
    reader->feed("\x1f");
    EXPECT_TRUE(reader->content_begun());
    EXPECT_FALSE(reader->complete());
    reader->finish();
    EXPECT_EQ(describe(*reader), "content complete");
  }
  EXPECT_EQ(describe(*read_whole("openai", 200, "Content-Encoding: identity\r\n" + json_type,
                                 R"({"usage":{"prompt_tokens":1}})")),
            "content complete in 1 read 0 written 0 out 0");
}

TEST(ResponseReader, OtherMediaTypesAndRedirectsAreNotLookedInto) {
  EXPECT_EQ(describe(*read_whole("openai", 200, "Content-Type: audio/mpeg\r\n", "ID3")), "content complete");
  EXPECT_EQ(describe(*read_whole("openai", 302, json_type, "")), "content complete");
}

TEST(ResponseReader, WithoutAMediaTypeItIsJson) {
  EXPECT_EQ(describe(*read_whole("openai", 200, "", R"({"usage":{"prompt_tokens":1}})")),
            "content complete in 1 read 0 written 0 out 0");
}

TEST(ResponseReader, SurvivesRandomBodies) {
  std::mt19937 random(5);
  const std::string pieces[] = {"data: ",
                                "event: error\n",
                                "\n\n",
                                "{\"type\":\"",
                                "message_start",
                                "\"}",
                                "[DONE]",
                                "{\"error\":",
                                "\"usage\":{",
                                "}",
                                "[",
                                "null",
                                ":",
                                "1e999",
                                "\"",
                                "\xff",
                                "{\"choices\":[{\"delta\":{}}]}",
                                "\"done\":true",
                                "{\"response\":{\"error\":{}}}",
                                "\r",
                                "-1"};
  for (int i = 0; i < 20000; ++i) {
    std::string body;
    for (auto n = random() % 12; n > 0; --n) body += pieces[random() % std::size(pieces)];
    const char* const dialects[] = {"anthropic", "openai", "ollama", "generic"};
    const std::string types[] = {event_stream_type, json_type, json_lines_type};
    const auto* dialect = dialects[random() % 4];
    const auto& type = types[random() % 3];
    const int status = random() % 4 == 0 ? 429 : 200;
    const auto whole = describe(*read_whole(dialect, status, type, body));
    auto reader = reader_of(dialect, status, type);
    const auto cut = random() % (body.size() + 1);
    reader->feed(std::string_view(body).substr(0, cut));
    reader->feed(std::string_view(body).substr(cut));
    reader->finish();
    ASSERT_EQ(describe(*reader), whole) << dialect << " " << body;
  }
}

}  // namespace
}  // namespace hivemind
