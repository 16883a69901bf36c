// dialect_fixture.h - heads from text, and bodies fed to a reader in any pieces.
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "core/dialect.h"

namespace hivemind {

// A head and the text it borrows from.
template <class Head>
struct OwnedHead {
  std::shared_ptr<std::string> text;
  Head head;
};

inline OwnedHead<RequestHead> request_head(const std::string& line, const std::string& fields = "") {
  OwnedHead<RequestHead> owned{std::make_shared<std::string>(line + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n"), {}};
  const auto head = parse_request_head(*owned.text);
  EXPECT_TRUE(head) << *owned.text;
  if (head) owned.head = *head;
  return owned;
}

inline OwnedHead<ResponseHead> response_head(int status, const std::string& fields = "") {
  OwnedHead<ResponseHead> owned{
      std::make_shared<std::string>("HTTP/1.1 " + std::to_string(status) + " X\r\n" + fields + "\r\n"), {}};
  const auto head = parse_response_head(*owned.text, "POST");
  EXPECT_TRUE(head) << *owned.text;
  if (head) owned.head = *head;
  return owned;
}

constexpr double test_now = 1795168987;  // Fri, 20 Nov 2026 10:03:07 GMT
inline const std::string event_stream_type = "Content-Type: text/event-stream; charset=utf-8\r\n";
inline const std::string json_type = "Content-Type: application/json\r\n";
inline const std::string json_lines_type = "Content-Type: application/x-ndjson\r\n";

inline std::unique_ptr<ResponseReader> reader_of(const char* dialect, int status, const std::string& fields) {
  return dialect_by_name(dialect)->reader(response_head(status, fields).head, test_now);
}
// The whole body in one piece.
inline std::unique_ptr<ResponseReader> read_whole(const char* dialect, int status, const std::string& fields,
                                                  std::string_view body) {
  auto reader = reader_of(dialect, status, fields);
  reader->feed(body);
  reader->finish();
  return reader;
}

// What a reader says, to compare readings of the same body cut differently.
inline std::string describe(const ResponseReader& reader) {
  const auto usage = reader.usage();
  std::string text = reader.content_begun() ? "content" : "nothing";
  text += reader.complete() ? " complete" : " open";
  if (usage.known)
    text += " in " + std::to_string(usage.input) + " read " + std::to_string(usage.cache_read) + " written " +
            std::to_string(usage.cache_write) + " out " + std::to_string(usage.output);
  if (const auto failure = reader.failure()) {
    text += std::string(" ") + to_string(failure->failure_class) + " " + failure->detail;
    if (failure->retry_after)
      text += " in " +
              std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(*failure->retry_after).count()) +
              "ms";
  }
  return text;
}

// Reads `body` cut at every byte position, and byte by byte: all must say `want`. Before the byte that `content` starts
// at nothing may have begun (npos: nothing ever).
inline void expect_at_every_split(const char* dialect, const std::string& fields, const std::string& body,
                                  const std::string& want, const std::string& content = "") {
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    auto reader = reader_of(dialect, 200, fields);
    reader->feed(std::string_view(body).substr(0, cut));
    const bool early = !content.empty() && cut <= body.find(content);
    ASSERT_FALSE(early && reader->content_begun()) << cut;
    reader->feed(std::string_view(body).substr(cut));
    reader->finish();
    ASSERT_EQ(describe(*reader), want) << "cut at " << cut;
  }
  auto reader = reader_of(dialect, 200, fields);
  for (const char c : body) reader->feed({&c, 1});
  reader->finish();
  ASSERT_EQ(describe(*reader), want);
}
}  // namespace hivemind
