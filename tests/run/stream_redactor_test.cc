#include "preload/run/stream_redactor.h"

#include <gtest/gtest.h>

namespace hivemind::run {
namespace {
// The stream in pieces of `size` bytes.
std::string redacted(const std::string& text, std::size_t size) {
  StreamRedactor redactor;
  std::string result;
  for (std::size_t i = 0; i < text.size(); i += size) {
    std::string piece = text.substr(i, size);
    redactor.redact(piece);
    result += piece;
  }
  return result;
}
std::string stars(std::size_t count) { return std::string(count, '*'); }

// Whatever the cuts, the same comes out.
void expect_redacted(const std::string& text, const std::string& wanted) {
  for (std::size_t size = 1; size <= text.size() + 1; ++size) {
    ASSERT_EQ(redacted(text, size), wanted) << "in pieces of " << size;
  }
}

TEST(StreamRedactor, HeadersThatHoldCredentials) {
  expect_redacted(
      "POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nAuthorization: Bearer abc\r\nx-api-key:sk-ant-1\r\n"
      "COOKIE: a=1; b=2\r\nX-Goog-Api-Key: AIza1\r\nProxy-Authorization: Basic dTpw\r\n\r\n",
      "POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nAuthorization:" + stars(11) +
          "\r\nx-api-key:" + stars(8) + "\r\nCOOKIE:" + stars(9) + "\r\nX-Goog-Api-Key:" + stars(6) +
          "\r\nProxy-Authorization:" + stars(11) + "\r\n\r\n");
}

TEST(StreamRedactor, FoldedHeader) {
  expect_redacted("GET / HTTP/1.1\r\nAuthorization: a\r\n b\r\nAccept: c\r\n\r\n",
                  "GET / HTTP/1.1\r\nAuthorization:**\r\n**\r\nAccept: c\r\n\r\n");
}

TEST(StreamRedactor, CredentialsInAddresses) {
  const struct {
    std::string given, wanted;
  } cases[] = {
      {"GET /m?key=AIza12&alt=sse HTTP/1.1\r\n\r\n", "GET /m?key=******&alt=sse HTTP/1.1\r\n\r\n"},
      {"GET /m?a=1&access_token=xyz HTTP/1.1\r\n\r\n", "GET /m?a=1&access_token=*** HTTP/1.1\r\n\r\n"},
      {"GET /m?api%5Fkey=xy%20z HTTP/1.1\r\n\r\n", "GET /m?api%5Fkey=*****z HTTP/1.1\r\n\r\n"},
      {"GET http://user:pass@h/p HTTP/1.1\r\n\r\n", "GET http://user:****@h/p HTTP/1.1\r\n\r\n"},
      {"GET /m?authorization=Bearer%20xyz HTTP/1.1\r\n\r\n", "GET /m?authorization=" + stars(21) + "\r\n\r\n"},
  };
  for (const auto& c : cases) expect_redacted(c.given, c.wanted.size() == c.given.size() ? c.wanted : "");
}

TEST(StreamRedactor, CredentialsInBodies) {
  const struct {
    std::string given, wanted;
  } cases[] = {
      {R"({"api_key": "abc", "n": 1})", R"({"api_key": "***", "n": 1})"},
      {R"({"password":"a\"b c","n":1})", R"({"password":"******","n":1})"},
      {R"({"text":"{\"client_secret\":\"abc\"} then"})", R"({"text":"{\"client_secret\":\"****"} then"})"},
      {"client_secret=abc&x=1", "client_secret=***&x=1"},
      {"use sk-ant-api03-abc now", "use sk-************** now"},
      {"Bearer abc.def rest", "Bearer ******* rest"},
      {R"(curl -H 'Authorization: Bearer abc' x)", "curl -H 'Authorization: " + stars(13)},
      {"a task-based disk-like thing, max_tokens: 5", "a task-based disk-like thing, max_tokens: 5"},
  };
  for (const auto& c : cases) {
    const std::string head = "POST / HTTP/1.1\r\nContent-Length: " + std::to_string(c.given.size()) + "\r\n\r\n";
    SCOPED_TRACE(c.given);
    ASSERT_EQ(redacted(head + c.given, 3).size(), (head + c.given).size());
    if (c.given.size() == c.wanted.size()) {
      expect_redacted(head + c.given + "GET /next HTTP/1.1\r\n\r\n", head + c.wanted + "GET /next HTTP/1.1\r\n\r\n");
    } else {
      EXPECT_EQ(redacted(head + c.given, 3).find("abc"), std::string::npos);
    }
  }
}

TEST(StreamRedactor, ChunkBordersAreLookedThrough) {
  expect_redacted(
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n\"s\": s\r\n2\r\nk-\r\n3;x=y\r\nabc\r\n4\r\nde f\r\n"
      "0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n\"s\": s\r\n2\r\nk-\r\n3;x=y\r\n***\r\n4\r\n** f\r\n"
      "0\r\n\r\nGET / HTTP/1.1\r\n\r\n");
}

TEST(StreamRedactor, WhatCannotBeLookedIntoIsMasked) {
  expect_redacted("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcdHTTP/1.1 204 No\r\n\r\n",
                  "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n****HTTP/1.1 204 No\r\n\r\n");
  expect_redacted("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\nabc", "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n***");
  expect_redacted("HTTP/1.1 101 Switching\r\n\r\nabc", "HTTP/1.1 101 Switching\r\n\r\n***");
  expect_redacted("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nabc", "PRI * HTTP/2.0\r\n" + stars(11));
}

TEST(StreamRedactor, TlsIsLeftAsItIs) {
  StreamRedactor redactor;
  std::string hello("\x16\x03\x01key=abc", 10);
  const std::string before = hello;
  redactor.redact(hello);
  EXPECT_EQ(hello, before);
  EXPECT_TRUE(redactor.is_tls());
}

TEST(StreamRedactor, AfterAGapNothingIsTrusted) {
  StreamRedactor redactor;
  std::string text = "GET / HTTP/1.1\r\nAuthorization: Bea";
  redactor.redact(text);
  redactor.skip(3);
  text = "cret\r\nX: y\r\n\r\nGET /b HTTP/1.1\r\nA: b\r\n\r\n";
  redactor.redact(text);
  EXPECT_EQ(text, "****\r\n****\r\n\r\n" + stars(15) + "\r\nA: b\r\n\r\n");
}

TEST(StreamRedactor, GapInABodyIsCounted) {
  StreamRedactor redactor;
  std::string text = "POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\n{\"key\":\"ab";
  redactor.redact(text);
  redactor.skip(5);
  text = "c\",1}GET / HTTP/1.1\r\nA: b\r\n\r\n";
  redactor.redact(text);
  EXPECT_EQ(text, "*\",1}GET / HTTP/1.1\r\nA: b\r\n\r\n");
}

TEST(StreamRedactor, LosingTrackIsForWhatWasNoHttpToo) {
  StreamRedactor redactor;
  std::string text = "hello\npassword=ab";
  redactor.redact(text);
  EXPECT_EQ(text, "hello\npassword=**");
  redactor.lose();
  text = "cd\nmore\n";
  redactor.redact(text);
  EXPECT_EQ(text, "**\n****\n");
}
}  // namespace
}  // namespace hivemind::run
