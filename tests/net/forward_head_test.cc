#include "net/forward_head.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {

std::string request(std::string_view raw, bool expect = false) {
  return forward_request_head(parse_request_head(raw).value(), raw, expect);
}

TEST(ForwardHead, KeepsOrderCaseSpacingAndRepetition) {
  const std::string_view raw =
      "POST /v1/messages?beta=true&x=%7e HTTP/1.1\r\nhost: a\r\nX-B: 1\r\nx-a:two\r\nX-B:  3 \r\nContent-Length: "
      "0\r\n\r\n";
  EXPECT_EQ(request(raw), raw);
}

TEST(ForwardHead, DropsWhatIsMeantForThisConnectionOnly) {
  EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: "
                    "5\r\nX-Yours: 2\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nX-Yours: 2\r\n\r\n");
}

TEST(ForwardHead, FramingStaysBecauseTheBodyIsForwardedAsFramed) {
  const std::string_view raw = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n";
  EXPECT_EQ(request(raw), raw);
}

TEST(ForwardHead, ExpectIsOursToAnswer) {
  const std::string_view raw = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  EXPECT_EQ(request(raw), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(request(raw, true), raw);
}

TEST(ForwardHead, AnUpgradeKeepsItsLines) {
  const std::string_view raw =
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";
  EXPECT_EQ(request(raw), raw);
  const std::string_view answer =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  EXPECT_EQ(forward_response_head(parse_response_head(answer, "GET").value(), answer, true), answer);
}

TEST(ForwardHead, AClosingResponseSaysSo) {
  const std::string_view raw = "HTTP/1.1 200 OK\r\nX: 1\r\nConnection: keep-alive\r\n\r\n";
  const auto head = parse_response_head(raw, "GET").value();
  EXPECT_EQ(forward_response_head(head, raw, true), "HTTP/1.1 200 OK\r\nX: 1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(forward_response_head(head, raw, false), "HTTP/1.1 200 OK\r\nX: 1\r\n\r\n");
}

TEST(ForwardHead, AHeadWithoutHeadersIsWhole) {
  const std::string_view raw = "HTTP/1.1 204 No Content\r\n\r\n";
  EXPECT_EQ(forward_response_head(parse_response_head(raw, "GET").value(), raw, false), raw);
}
}  // namespace
}  // namespace hivemind
