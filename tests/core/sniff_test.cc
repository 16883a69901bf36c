#include "core/sniff.h"

#include <gtest/gtest.h>

#include <random>

namespace hivemind {
namespace {

std::string number(std::size_t value, int width) {
  std::string out;
  for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
  return out;
}
std::string sized(const std::string& bytes, int width) { return number(bytes.size(), width) + bytes; }
std::string extension(std::size_t type, const std::string& data) { return number(type, 2) + sized(data, 2); }

std::string server_name(const std::string& name) {
  return extension(0, sized(std::string(1, '\0') + sized(name, 2), 2));
}
std::string alpn() { return extension(16, sized(sized("h2", 1) + sized("http/1.1", 1), 2)); }

// The handshake message: type, length, body.
std::string hello(const std::string& extensions) {
  const std::string body = "\x03\x03" + std::string(32, 'r') + sized(std::string(32, 's'), 1) +
                           sized(std::string("\x13\x01\x13\x02", 4), 2) + sized(std::string(1, '\0'), 1) +
                           sized(extensions, 2);
  return "\x01" + sized(body, 3);
}
std::string records(const std::string& message, std::size_t fragment) {
  std::string out;
  for (std::size_t at = 0; at < message.size(); at += fragment)
    out += "\x16\x03\x01" + sized(message.substr(at, fragment), 2);
  return out;
}

// ML-KEM key shares make a hello larger than one segment.
std::string large_hello() {
  return hello(server_name("API.Anthropic.com") + extension(51, std::string(1800, 'k')) + alpn());
}

TEST(Sniff, ReadsAHelloAcrossSegmentsAndRecords) {
  for (const std::size_t fragment : {std::size_t{16000}, std::size_t{512}, std::size_t{1}, std::size_t{3}}) {
    const auto wire = records(large_hello(), fragment);
    for (std::size_t have = 0; have < wire.size(); have += fragment < 10 ? 61 : 1)
      ASSERT_EQ(sniff(wire.substr(0, have)).kind, SniffKind::need_more) << have << " of " << wire.size();
    const auto sniffed = sniff(wire + "early data");
    ASSERT_EQ(sniffed.kind, SniffKind::tls);
    EXPECT_EQ(sniffed.hello.server_name, "api.anthropic.com");
    EXPECT_EQ(sniffed.hello.alpn, (std::vector<std::string>{"h2", "http/1.1"}));
    EXPECT_FALSE(sniffed.hello.encrypted);
  }
}

TEST(Sniff, TellsWhatAHelloCarries) {
  EXPECT_EQ(sniff(records(hello(""), 9999)).hello.server_name, "");
  EXPECT_EQ(sniff(records(hello(alpn()), 9999)).kind, SniffKind::tls);
  EXPECT_TRUE(sniff(records(hello(extension(0xfe0d, "ech")), 9999)).hello.encrypted);
}

TEST(Sniff, RefusesWhatOnlyLooksLikeAHello) {
  using namespace std::string_literals;
  const auto good = records(large_hello(), 16000);
  const auto with = [&](std::size_t at, char c) {
    auto bytes = good;
    bytes[at] = c;
    return bytes;
  };
  const std::string cases[] = {
      with(1, 2),
      with(2, 9),
      with(5, 2),
      with(6, 2),
      with(43, 40),
      "\x16\x03\x01\x00\x00"s,
      "\x16\x03\x01\xff\xff"s,
      "\x16\x03\x01\x00\x04\x01\x00\xff\xff"s,
      "\x16\x03\x01\x00\x04\x01\x00\x00\x00"s,
      "\x16\x05"s,
      records(hello(server_name("a") + server_name("b")), 9999),
      records(hello(server_name(std::string("a\0b", 3))), 9999),
      records(hello(server_name("")), 9999),
      records(hello("\x00\x00\x00\xff"s), 9999),
      records(hello(extension(51, std::string(17000, 'k'))), 9999),
  };
  for (const auto& bytes : cases) EXPECT_EQ(sniff(bytes).kind, SniffKind::other) << (&bytes - cases);
}

TEST(Sniff, KnowsRequestsFromOtherText) {
  const struct {
    const char* bytes;
    SniffKind want;
  } cases[] = {
      {"", SniffKind::need_more},
      {"P", SniffKind::need_more},
      {"POST", SniffKind::need_more},
      {"POST ", SniffKind::need_more},
      {"POST /", SniffKind::http},
      {"OPTIONS *", SniffKind::http},
      {"CONNECT a", SniffKind::http},
      {"GET http://a/ HTTP/1.1\r\n", SniffKind::http},
      {"M-SEARCH *", SniffKind::http},
      {"PRI * HTTP/2.0\r\n\r\nSM", SniffKind::other},
      {"PRI * HTTP", SniffKind::need_more},
      {"EHLO example", SniffKind::other},
      {"SSH-2.0-x", SniffKind::other},
      {"PING\r\n", SniffKind::other},
      {"get /", SniffKind::other},
      {"GET  /", SniffKind::other},
      {"-A /", SniffKind::other},
      {"\x80\x2e\x01", SniffKind::other},
      {"AAAAAAAAAAAAAAAAAAAAAAAA", SniffKind::other},
      {" GET /", SniffKind::other},
  };
  for (const auto& c : cases) EXPECT_EQ(sniff(c.bytes).kind, c.want) << c.bytes;
}

TEST(Sniff, NeverReadsPastTheBytes) {
  std::mt19937 random(3);
  const auto seed = records(large_hello(), 700);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes(random() % 64, '\0');
    for (auto& c : bytes) c = static_cast<char>(random());
    (void)sniff(std::string_view(bytes));
    auto mutated = seed.substr(0, random() % (seed.size() + 1));
    for (auto n = random() % 6; n > 0 && !mutated.empty(); --n)
      mutated[random() % std::min<std::size_t>(mutated.size(), 120)] = static_cast<char>(random());
    mutated.shrink_to_fit();
    (void)sniff(std::string_view(mutated));
  }
}

}  // namespace
}  // namespace hivemind
