#include "preload/run/tap_lines.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hivemind::run {
namespace {
hm_tap_cell record(hm_tap_call call, std::uint64_t socket, std::string_view payload = {}) {
  hm_tap_cell cell{};
  cell.time_ns = 1'500'000'000;
  cell.socket = socket;
  cell.call = call;
  cell.pid = 7;
  cell.tid = 8;
  cell.fd = 3;
  cell.result = static_cast<std::int64_t>(payload.size());
  cell.payload_size = static_cast<std::uint16_t>(payload.size());
  std::copy(payload.begin(), payload.end(), cell.payload);
  return cell;
}
bool has(const std::string& line, const char* what) { return line.find(what) != line.npos; }

TEST(TapLines, TellsACall) {
  TapLines lines(0);
  auto cell = record(HM_TAP_CONNECT, 42);
  cell.result = -1;
  cell.error = EINPROGRESS;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(443);
  to.sin_addr.s_addr = htonl(0xCB007101);
  cell.address_size = sizeof to;
  std::memcpy(cell.address, &to, sizeof to);
  EXPECT_EQ(lines.line(cell),
            R"({"time":"1970-01-01T00:00:01.500000Z","pid":7,"tid":8,"fd":3,"socket":"42","call":"connect",)"
            R"("to":"203.0.113.1:443","result":-1,"error":"EINPROGRESS"})"
            "\n");
  EXPECT_TRUE(has(lines.tail(3), R"("records":1,"lost":3)"));
}

TEST(TapLines, PayloadIsTextOrBase64) {
  TapLines lines(0);
  EXPECT_TRUE(has(lines.line(record(HM_TAP_WRITE, 1, "a\"\r\n")), R"("text":"a\"\r\n")"));
  EXPECT_TRUE(has(lines.line(record(HM_TAP_READ, 1, std::string_view("\0\xff", 2))), R"("base64":"AP8=")"));
  auto cut = record(HM_TAP_SEND, 2, "abc");
  cut.result = 5000;
  EXPECT_TRUE(has(lines.line(cut), R"("result":5000,"recorded":3,"text":"abc")"));
  EXPECT_FALSE(has(lines.line(record(HM_TAP_CLOSE, 2)), "text"));
}

TEST(TapLines, EachWayAndEachConnectionIsItsOwnStream) {
  TapLines lines(0);
  lines.line(record(HM_TAP_SEND, 1, "GET / HTTP/1.1\r\nCookie: a"));
  EXPECT_TRUE(has(lines.line(record(HM_TAP_RECV, 1, "seen")), "seen"));
  EXPECT_TRUE(has(lines.line(record(HM_TAP_SEND, 2, "seen")), "seen"));
  EXPECT_FALSE(has(lines.line(record(HM_TAP_WRITEV, 1, "secret\r\n")), "secret"));
}

TEST(TapLines, PeekIsNoProgress) {
  TapLines lines(0);
  auto peek = record(HM_TAP_RECV, 1, "HTTP/1.1 200 OK\r\nSet-Cookie: a");
  peek.flags = MSG_PEEK;
  lines.line(peek);
  EXPECT_TRUE(has(lines.line(record(HM_TAP_RECV, 1, "HTTP/1.1 200 OK\r\nSet-Cookie: a")), "HTTP/1.1 200 OK"));
  EXPECT_FALSE(has(lines.line(record(HM_TAP_RECV, 1, "secret\r\n")), "secret"));
}

TEST(TapLines, LossPutsAllInDoubt) {
  TapLines lines(0);
  lines.line(record(HM_TAP_SEND, 1, "GET / HTTP/1.1\r\n"));
  auto after = record(HM_TAP_SEND, 1, "secret\r\n");
  after.lost = 1;
  EXPECT_FALSE(has(lines.line(after), "secret"));
  auto unknown = record(HM_TAP_SEND, 2, "secret\r\n");
  unknown.lost = 1;
  EXPECT_FALSE(has(lines.line(unknown), "secret")) << "its beginning may have been lost";
  auto connects = record(HM_TAP_CONNECT, 3);
  connects.lost = 1;
  lines.line(connects);
  auto begun = record(HM_TAP_SEND, 3, "seen");
  begun.lost = 1;
  EXPECT_TRUE(has(lines.line(begun), "seen"));
}

TEST(TapLines, MemoryIsBoundedAndTheForgottenAreInDoubt) {
  TapLines lines(0);
  lines.line(record(HM_TAP_SEND, 1, "GET / HTTP/1.1\r\nCookie: a"));
  for (std::uint64_t i = 2; i < 2 * TapLines::most_connections; ++i) lines.line(record(HM_TAP_SEND, i, "x"));
  EXPECT_FALSE(has(lines.line(record(HM_TAP_SEND, 1, "secret\r\n")), "secret"));
}

TEST(TapLines, ErrorQueueIsWithheld) {
  TapLines lines(0);
  auto cell = record(HM_TAP_RECVMSG, 1, "secret");
  cell.flags = MSG_ERRQUEUE;
  EXPECT_FALSE(has(lines.line(cell), "secret"));
}
}  // namespace
}  // namespace hivemind::run
