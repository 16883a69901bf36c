#include "core/event_stream.h"

#include <gtest/gtest.h>

#include <random>

namespace hivemind {
namespace {

std::string events_of(std::string_view bytes, std::vector<std::size_t> cuts) {
  EventStream stream;
  std::string seen;
  const auto note = [&](const ServerEvent& event) {
    seen += std::string(event.name) + "=" + std::string(event.data) + (event.oversized ? "..." : "") + "|";
  };
  std::size_t at = 0;
  cuts.push_back(bytes.size());
  for (const auto cut : cuts) {
    stream.feed(bytes.substr(at, cut - at), note);
    at = cut;
  }
  return seen;
}

TEST(EventStream, ReadsEveryLineEndAtEverySplit) {
  const std::string plain =
      "\xef\xbb\xbf: comment\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\ndata:a\ndata: b\nid: 1\nretry: 5\n\n"
      ":\n\nevent: nothing\n\ndata\n\n\n\ndata: [DONE]\n\ndata: cut off";
  const std::string want = "ping={\"type\":\"ping\"}|=a\nb|=|=[DONE]|";
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    std::string bytes;
    for (const char c : plain) bytes += c == '\n' ? end : std::string(1, c);
    for (std::size_t a = 0; a <= bytes.size(); ++a)
      for (std::size_t b = a; b <= bytes.size(); b += 5) ASSERT_EQ(events_of(bytes, {a, b}), want) << a << " " << b;
  }
}

TEST(EventStream, KeepsNoMoreThanItsBound) {
  const std::string large(LineSplitter::max_line + 5, 'x');
  const auto seen = events_of("event: big\ndata: " + large + "\n\ndata: next\n\n", {70000});
  EXPECT_TRUE(seen.ends_with("...|=next|"));
  EXPECT_LT(seen.size(), LineSplitter::max_line + 100);
  std::string lines = "event: many\n";
  for (int i = 0; i < 2000; ++i) lines += "data: " + std::string(1000, 'y') + "\n";
  EXPECT_TRUE(events_of(lines + "\n", {}).ends_with("...|"));
}

TEST(EventStream, SplitsNeverChangeWhatRandomBytesMean) {
  std::mt19937 random(4);
  const std::string_view alphabet = "data: event:\r\n\r\n\n\nx ";
  for (int i = 0; i < 10000; ++i) {
    std::string bytes;
    for (auto n = random() % 40; n > 0; --n) bytes.push_back(alphabet[random() % alphabet.size()]);
    const auto cut = random() % (bytes.size() + 1);
    ASSERT_EQ(events_of(bytes, {}), events_of(bytes, {cut})) << bytes;
  }
}

}  // namespace
}  // namespace hivemind
