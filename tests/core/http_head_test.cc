#include "core/http_head.h"

#include <gtest/gtest.h>

#include <random>

namespace hivemind {
namespace {

std::string request(std::string_view fields, std::string_view line = "GET / HTTP/1.1") {
  return std::string(line) + "\r\n" + std::string(fields) + "\r\n";
}

TEST(FindHeadEnd, WaitsForTheEmptyLineAtAnySplit) {
  const std::string head = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string bytes = head + "GET /next";
  for (std::size_t have = 0; have <= bytes.size(); ++have) {
    for (std::size_t from = 0; from <= have && from < head.size(); ++from)
      EXPECT_EQ(find_head_end(bytes.substr(0, have), from), have < head.size() ? 0u : head.size())
          << have << " " << from;
  }
}

TEST(FindHeadEnd, DelimitsBareLineFeedsSoThatTheyAreRefused) {
  const std::string bytes = "GET / HTTP/1.1\nHost: a\n\n";
  EXPECT_EQ(find_head_end(bytes), bytes.size());
  EXPECT_EQ(parse_request_head(bytes).error(), HttpErrc::bad_start_line);
}

TEST(RequestHead, KeepsOrderCaseAndRepetition) {
  const std::string bytes =
      "POST /v1/messages?beta=true HTTP/1.1\r\nHOST:api.anthropic.com\r\nX-a: 1 \r\nx-B:\r\nX-A:\t2\r\n"
      "Content-Length: 18\r\nExpect: 100-Continue\r\nConnection: Keep-Alive\r\n\r\n";
  const auto head = parse_request_head(bytes);
  ASSERT_TRUE(head) << head.error().message();
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->target, "/v1/messages?beta=true");
  EXPECT_EQ(head->path(), "/v1/messages");
  EXPECT_EQ(head->size, bytes.size());
  ASSERT_EQ(head->headers.size(), 7u);
  EXPECT_EQ(head->headers[0].name, "HOST");
  EXPECT_EQ(head->headers[1].value, "1");
  EXPECT_EQ(head->headers[2].name, "x-B");
  EXPECT_EQ(head->headers[2].value, "");
  EXPECT_EQ(head->headers[3].value, "2");
  EXPECT_EQ(head->find("x-a"), "1");
  EXPECT_EQ(head->find("absent"), std::nullopt);
  EXPECT_EQ(head->body, BodyKind::sized);
  EXPECT_EQ(head->content_length, 18u);
  EXPECT_TRUE(head->expects_continue);
  EXPECT_TRUE(head->keep_alive);
  for (const auto& header : head->headers) {
    EXPECT_GE(header.name.data(), bytes.data());
    EXPECT_LE(header.value.data() + header.value.size(), bytes.data() + bytes.size());
  }
}

TEST(RequestHead, RefusesWhatCouldBeReadTwoWays) {
  using namespace std::string_literals;
  const struct {
    const char* name;
    std::string bytes;
    HttpErrc want;
  } cases[] = {
      {"both lengths", request("Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
       HttpErrc::length_and_coding},
      {"repeated length", request("Host: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n"), HttpErrc::bad_length},
      {"listed length", request("Host: a\r\nContent-Length: 1, 1\r\n"), HttpErrc::bad_length},
      {"signed length", request("Host: a\r\nContent-Length: +1\r\n"), HttpErrc::bad_length},
      {"negative length", request("Host: a\r\nContent-Length: -1\r\n"), HttpErrc::bad_length},
      {"hex length", request("Host: a\r\nContent-Length: 0x1\r\n"), HttpErrc::bad_length},
      {"empty length", request("Host: a\r\nContent-Length:\r\n"), HttpErrc::bad_length},
      {"huge length", request("Host: a\r\nContent-Length: 18446744073709551617\r\n"), HttpErrc::bad_length},
      {"coding list", request("Host: a\r\nTransfer-Encoding: gzip, chunked\r\n"), HttpErrc::bad_coding},
      {"repeated coding", request("Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       HttpErrc::bad_coding},
      {"unknown coding", request("Host: a\r\nTransfer-Encoding: xchunked\r\n"), HttpErrc::bad_coding},
      {"identity", request("Host: a\r\nTransfer-Encoding: identity\r\n"), HttpErrc::bad_coding},
      {"coding in 1.0", request("Host: a\r\nTransfer-Encoding: chunked\r\n", "POST / HTTP/1.0"), HttpErrc::bad_coding},
      {"fold", request("Host: a\r\nX: 1\r\n 2\r\n"), HttpErrc::folded_header},
      {"fold at once", request(" Host: a\r\n"), HttpErrc::folded_header},
      {"space before colon", request("Host : a\r\n"), HttpErrc::bad_header},
      {"no colon", request("Host: a\r\nnonsense\r\n"), HttpErrc::bad_header},
      {"no name", request("Host: a\r\n: x\r\n"), HttpErrc::bad_header},
      {"NUL in value", request("Host: a\r\nX: a\0b\r\n"s), HttpErrc::bad_header},
      {"control in value",
       request("Host: a\r\nX: a\x01"
               "b\r\n"),
       HttpErrc::bad_header},
      {"DEL in value", request("Host: a\r\nX: a\x7f\r\n"), HttpErrc::bad_header},
      {"bare CR", request("Host: a\r\nX: a\rb\r\n"), HttpErrc::bad_header},
      {"bare LF", request("Host: a\r\nX: a\nY: b\r\n"), HttpErrc::bad_header},
      {"no host", request("X: a\r\n"), HttpErrc::bad_host},
      {"two hosts", request("Host: a\r\nHost: a\r\n"), HttpErrc::bad_host},
      {"host list", request("Host: a, b\r\n"), HttpErrc::bad_host},
      {"two hosts in 1.0", request("Host: a\r\nHost: b\r\n", "GET / HTTP/1.0"), HttpErrc::bad_host},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", HttpErrc::bad_version},
      {"HTTP/1.2", request("Host: a\r\n", "GET / HTTP/1.2"), HttpErrc::bad_version},
      {"HTTP/0.9", request("", "GET /"), HttpErrc::bad_start_line},
      {"space in target", request("Host: a\r\n", "GET /a b HTTP/1.1"), HttpErrc::bad_start_line},
      {"tab", request("Host: a\r\n", "GET\t/ HTTP/1.1"), HttpErrc::bad_start_line},
      {"empty target", request("Host: a\r\n", "GET  HTTP/1.1"), HttpErrc::bad_start_line},
      {"lower-case version", request("Host: a\r\n", "GET / http/1.1"), HttpErrc::bad_start_line},
      {"bytes after the head", request("Host: a\r\n") + "GET", HttpErrc::bad_header},
      {"unfinished", "GET / HTTP/1.1\r\nHost: a\r\n", HttpErrc::bad_header},
      {"empty", "", HttpErrc::bad_start_line},
      {"too large", request("Host: a\r\nX: " + std::string(max_head_size, 'x') + "\r\n"), HttpErrc::head_too_large},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto head = parse_request_head(c.bytes);
    ASSERT_FALSE(head);
    EXPECT_EQ(head.error(), c.want) << head.error().message();
  }
}

TEST(RequestHead, CountsItsFields) {
  std::string fields = "Host: a\r\n";
  for (std::size_t i = 1; i < max_header_count; ++i) fields += "X: 1\r\n";
  EXPECT_TRUE(parse_request_head(request(fields)));
  EXPECT_EQ(parse_request_head(request(fields + "X: 1\r\n")).error(), HttpErrc::too_many_headers);
}

TEST(RequestHead, TakesAnyTargetByteForByte) {
  for (const char* target :
       {"*", "example.com:443", "http://example.com/a?b=%2F#", "/a//../b?key=\xc3\xa9", "/%zz|{}\""}) {
    const auto bytes = request("Host: a\r\n", std::string("OPTIONS ") + target + " HTTP/1.1");
    const auto head = parse_request_head(bytes);
    ASSERT_TRUE(head) << target;
    EXPECT_EQ(head->target, target);
  }
  EXPECT_TRUE(parse_request_head(request("", "GET / HTTP/1.0")));
}

TEST(RequestHead, SaysWhetherTheConnectionStays) {
  const struct {
    const char *line, *fields;
    bool keep_alive, upgrade;
  } cases[] = {
      {"GET / HTTP/1.1", "Host: a\r\n", true, false},
      {"GET / HTTP/1.1", "Host: a\r\nConnection: foo, Close\r\n", false, false},
      {"GET / HTTP/1.1", "Host: a\r\nConnection: foo\r\nConnection: close\r\n", false, false},
      {"GET / HTTP/1.0", "", false, false},
      {"GET / HTTP/1.0", "Connection: keep-alive\r\n", true, false},
      {"GET / HTTP/1.1", "Host: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n", true, true},
  };
  for (const auto& c : cases) {
    const auto bytes = request(c.fields, c.line);
    const auto head = parse_request_head(bytes);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->keep_alive, c.keep_alive) << bytes;
    EXPECT_EQ(head->upgrade, c.upgrade) << bytes;
  }
}

TEST(ResponseHead, DelimitsTheBodyByStatusMethodAndFields) {
  const struct {
    const char *line, *fields, *method;
    BodyKind want;
  } cases[] = {
      {"HTTP/1.1 200 OK", "Content-Length: 5\r\n", "POST", BodyKind::sized},
      {"HTTP/1.1 200 OK", "Content-Length: 5\r\n", "HEAD", BodyKind::none},
      {"HTTP/1.1 200", "Transfer-Encoding: Chunked\r\n", "GET", BodyKind::chunked},
      {"HTTP/1.1 200 ", "", "GET", BodyKind::until_close},
      {"HTTP/1.1 100 Continue", "", "POST", BodyKind::none},
      {"HTTP/1.1 101 Switching Protocols", "Connection: upgrade\r\n", "GET", BodyKind::none},
      {"HTTP/1.1 204 No Content", "", "GET", BodyKind::none},
      {"HTTP/1.1 304 Not Modified", "Content-Length: 5\r\n", "GET", BodyKind::none},
      {"HTTP/1.1 200 OK", "", "CONNECT", BodyKind::none},
      {"HTTP/1.0 529 Overloaded", "Content-Length: 0\r\n", "POST", BodyKind::sized},
  };
  for (const auto& c : cases) {
    const auto bytes = request(c.fields, c.line);
    const auto head = parse_response_head(bytes, c.method);
    ASSERT_TRUE(head) << bytes << head.error().message();
    EXPECT_EQ(head->body, c.want) << bytes;
    EXPECT_EQ(head->keep_alive, head->minor_version == 1 && c.want != BodyKind::until_close) << bytes;
  }
}

TEST(ResponseHead, RefusesWhatIsMalformed) {
  const struct {
    const char *line, *fields;
    HttpErrc want;
  } cases[] = {
      {"HTTP/1.1 20 OK", "", HttpErrc::bad_start_line},
      {"HTTP/1.1 2000 OK", "", HttpErrc::bad_start_line},
      {"HTTP/1.1 099 OK", "", HttpErrc::bad_start_line},
      {"HTTP/1.1  200 OK", "", HttpErrc::bad_start_line},
      {"ICY 200 OK", "", HttpErrc::bad_start_line},
      {"HTTP/2.0 200 OK", "", HttpErrc::bad_version},
      {"HTTP/1.1 200 OK\x01", "", HttpErrc::bad_start_line},
      {"HTTP/1.1 200 OK", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", HttpErrc::length_and_coding},
      {"HTTP/1.1 200 OK", "Content-Length: 5\r\nContent-Length: 6\r\n", HttpErrc::bad_length},
      {"HTTP/1.1 200 OK", "Transfer-Encoding: gzip\r\n", HttpErrc::bad_coding},
  };
  for (const auto& c : cases) {
    const auto bytes = request(c.fields, c.line);
    const auto head = parse_response_head(bytes, "GET");
    ASSERT_FALSE(head) << bytes;
    EXPECT_EQ(head.error(), c.want) << bytes;
  }
}

TEST(HopByHop, IsWhatConnectionNamesButNeverTheFraming) {
  const auto bytes = request("Host: a\r\nConnection: X-Private , content-length,host\r\nContent-Length: 0\r\n");
  const auto head = parse_request_head(bytes);
  ASSERT_TRUE(head);
  for (const char* name : {"connection", "Keep-Alive", "TE", "Upgrade", "Transfer-Encoding", "x-private"})
    EXPECT_TRUE(is_hop_by_hop(*head, name)) << name;
  for (const char* name : {"Host", "Content-Length", "Authorization", "Trailer"})
    EXPECT_FALSE(is_hop_by_hop(*head, name)) << name;
}

TEST(HttpHead, SurvivesMutatedHeads) {
  const std::string seed =
      "POST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\nX: y\r\n\r\n";
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    auto bytes = seed;
    for (auto n = random() % 4; n > 0; --n) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 3 == 0) bytes.resize(random() % bytes.size());
    const auto head = parse_request_head(bytes);
    (void)parse_response_head(bytes, "GET");
    (void)find_head_end(bytes, random() % (bytes.size() + 9));
    if (!head) continue;
    for (const auto& header : head->headers)
      for (const char c : header.value) ASSERT_FALSE(c == '\r' || c == '\n' || c == '\0');
  }
}

}  // namespace
}  // namespace hivemind
