#include "core/chunked.h"

#include <gtest/gtest.h>

#include <random>

namespace hivemind {
namespace {

MessageHead body(BodyKind kind, std::uint64_t length = 0) {
  MessageHead head;
  head.body = kind;
  head.content_length = length;
  return head;
}

struct Followed {
  std::string content;
  std::size_t consumed = 0;
  bool failed = false, done = false;
};

// Feeds the pieces that `cuts` make of `wire`.
Followed follow(const MessageHead& head, std::string_view wire, std::vector<std::size_t> cuts = {}) {
  BodyFollower follower(head);
  Followed result;
  cuts.push_back(wire.size());
  std::size_t at = 0;
  for (const auto cut : cuts) {
    const auto used = follower.consume(wire.substr(at, cut - at), [&](std::string_view s) { result.content += s; });
    if (!used) {
      EXPECT_EQ(used.error(), HttpErrc::bad_chunk);
      result.failed = true;
      return result;
    }
    result.consumed += *used;
    EXPECT_TRUE(*used == cut - at || follower.done());
    at = cut;
  }
  result.done = follower.done();
  EXPECT_EQ(follower.content_size(), result.content.size());
  return result;
}

TEST(BodyFollower, ReadsChunksAtEverySplit) {
  const std::string wire =
      "5\r\nhello\r\n0006;name=\"v\"\r\n world\r\nA \r\n\r\n23456\r\n9\r\n000\r\nTrailer: x\r\nY:\r\n\r\n";
  const std::string next = "HTTP/1.1 200 OK";
  for (std::size_t a = 0; a <= wire.size(); ++a) {
    for (std::size_t b = a; b <= wire.size(); b += 3) {
      const auto got = follow(body(BodyKind::chunked), wire + next, {a, b});
      ASSERT_FALSE(got.failed) << a << " " << b;
      EXPECT_EQ(got.content, "hello world\r\n23456\r\n9");
      EXPECT_EQ(got.consumed, wire.size());
      EXPECT_TRUE(got.done);
    }
  }
  for (std::size_t have = 0; have < wire.size(); ++have) {
    const auto got = follow(body(BodyKind::chunked), std::string_view(wire).substr(0, have));
    EXPECT_FALSE(got.done || got.failed) << have;
  }
}

TEST(BodyFollower, RefusesMalformedChunks) {
  const std::string cases[] = {
      "\r\n",
      "g\r\n",
      "-1\r\n",
      "0x5\r\nhello\r\n",
      "5\nhello\r\n",
      "5\rxhello",
      "5\r\nhelloX\r\n",
      "5\r\nhello\n0\r\n\r\n",
      "5\r\nhello\r0\r\n\r\n",
      "10000000000000000\r\n",
      "ffffffffffffffffff\r\n",
      "5;a\nb\r\nhello\r\n",
      std::string(300, '0') + "\r\n",
      "5;" + std::string(300, 'x') + "\r\nhello\r\n",
      "0\r\nA: b\n\r\n",
      "0\r\nA: b\rc\r\n\r\n",
      "0\r\n\n",
      "0\r\n folded\r\n\r\n",
      "0\r\nA: " + std::string(9000, 'x') + "\r\n\r\n",
  };
  for (const auto& wire : cases) {
    EXPECT_TRUE(follow(body(BodyKind::chunked), wire).failed) << wire.substr(0, 40);
    std::vector<std::size_t> every;
    for (std::size_t i = 1; i < wire.size(); ++i) every.push_back(i);
    EXPECT_TRUE(follow(body(BodyKind::chunked), wire, every).failed) << wire.substr(0, 40);
  }
}

TEST(BodyFollower, KnowsTheOtherKinds) {
  const auto sized = follow(body(BodyKind::sized, 5), "helloHTTP", {2, 7});
  EXPECT_EQ(sized.content, "hello");
  EXPECT_EQ(sized.consumed, 5u);
  EXPECT_TRUE(sized.done);

  EXPECT_TRUE(BodyFollower(body(BodyKind::sized, 0)).done());
  EXPECT_TRUE(BodyFollower(body(BodyKind::none)).done());
  EXPECT_EQ(follow(body(BodyKind::none), "x").consumed, 0u);

  const auto open = follow(body(BodyKind::until_close), "hello", {1});
  EXPECT_EQ(open.content, "hello");
  EXPECT_FALSE(open.done);
  EXPECT_TRUE(BodyFollower(body(BodyKind::until_close)).ends_by_close());
}

TEST(BodyFollower, SplitsNeverChangeWhatRandomBytesMean) {
  std::mt19937 random(2);
  const std::string_view alphabet = "0125af;\r\n\r\n\r\nxyz ";
  for (int i = 0; i < 20000; ++i) {
    std::string wire;
    for (auto n = random() % 24; n > 0; --n) wire.push_back(alphabet[random() % alphabet.size()]);
    const auto whole = follow(body(BodyKind::chunked), wire);
    const auto split = follow(body(BodyKind::chunked), wire, {random() % (wire.size() + 1)});
    ASSERT_EQ(whole.failed, split.failed) << wire;
    if (whole.failed) continue;
    ASSERT_EQ(whole.content, split.content) << wire;
    ASSERT_EQ(whole.consumed, split.consumed) << wire;
  }
}

}  // namespace
}  // namespace hivemind
