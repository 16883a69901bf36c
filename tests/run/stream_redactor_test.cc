#include "preload/run/stream_redactor.h"

#include <gtest/gtest.h>

#include <random>

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

// Texts made of whatever the redactor knows, in order and out of it: cut anywhere, the same comes out, and what follows
// `secret` up to a space, a quote or a line's end is never seen behind a credential's name.
TEST(StreamRedactor, CutsChangeNothingOfAnything) {
  const std::string parts[] = {"GET / HTTP/1.1\r\n",
                               "HTTP/1.1 200 OK\r\n",
                               "Authorization: ",
                               "\r\n",
                               "\n",
                               " ",
                               "\t",
                               "Transfer-Encoding: chunked\r\n",
                               "Content-Length: 7\r\n",
                               "Content-Encoding: gzip\r\n",
                               "Upgrade: x\r\n",
                               "5\r\n",
                               "0\r\n",
                               "ff\r\n",
                               "key=",
                               "sk-",
                               "\"",
                               "\\",
                               "'",
                               "%",
                               "%2",
                               "%22",
                               "41",
                               "{",
                               "}",
                               ",",
                               ":",
                               "//",
                               "://",
                               "a",
                               "b@c",
                               "Cookie: a",
                               "password",
                               "Bearer ",
                               "=",
                               "&",
                               std::string(1, '\0'),
                               "\xff",
                               "PRI * HTTP/2.0\r\n",
                               "HTTP/1.1 101 x\r\n",
                               "eyJ"};
  std::minstd_rand random(1);
  const auto pick = [&](std::size_t below) { return random() % below; };
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t i = pick(40) + 1; i > 0; --i) text += parts[pick(std::size(parts))];
    std::string whole = text;
    StreamRedactor().redact(whole);
    ASSERT_EQ(whole.size(), text.size());
    StreamRedactor redactor;
    std::string pieces;
    for (std::size_t at = 0; at < text.size();) {
      std::string piece = text.substr(at, pick(9) + 1);
      at += piece.size();
      redactor.redact(piece);
      pieces += piece;
    }
    ASSERT_EQ(pieces, whole) << text;
  }
}

TEST(StreamRedactor, NamedSecretsNeverShowBetweenAnything) {
  const std::string before[] = {"GET /?a=1&",
                                "POST / HTTP/1.1\r\nHost: a\r\n",
                                "{\"a\":\"b\",\"",
                                "x\n",
                                "{\\\"",
                                "POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n{\"x\":[1,2],\"",
                                "a=b&",
                                "HTTP/1.1 200 OK\r\n",
                                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n\""};
  const std::string names[] = {"api_key",       "x-api-key", "X-Goog-Api-Key",      "authorization",
                               "Authorization", "cookie",    "set-cookie",          "access_token",
                               "client_secret", "password",  "proxy-authorization", "api%5Fkey"};
  const std::string between[] = {"=", ": ", ":", "\":\"", "\": \"", "\\\":\\\"", " = ", "=%22"};
  for (const auto& b : before)
    for (const auto& name : names)
      for (const auto& sign : between)
        for (const char* scheme : {"", "Bearer ", "Basic "}) {
          if (*scheme && name.find("uthorization") == name.npos) continue;
          const std::string text = b + name + sign + scheme + "SECRET/+=.-_~1\r\n";
          for (std::size_t size : {text.size(), std::size_t{1}, std::size_t{5}})
            ASSERT_EQ(redacted(text, size).find("SEC"), std::string::npos) << text;
        }
}
}  // namespace
}  // namespace hivemind::run
