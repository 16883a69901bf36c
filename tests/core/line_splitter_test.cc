#include "core/line_splitter.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {

TEST(LineSplitter, CutsLinesAtEverySplit) {
  const std::string bytes = "one\ntwo\r\nthree\rfour\n\r\n\rrest";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    LineSplitter lines;
    std::string seen;
    const auto note = [&](std::string_view line, bool) { seen += std::string(line) + "|"; };
    lines.feed(std::string_view(bytes).substr(0, cut), note);
    lines.feed(std::string_view(bytes).substr(cut), note);
    ASSERT_EQ(seen, "one|two|three|four|||") << cut;
    EXPECT_EQ(lines.rest(), "rest");
  }
}

TEST(LineSplitter, GivesTheBeginningOfALineTooLong) {
  LineSplitter lines;
  std::vector<std::pair<std::size_t, bool>> seen;
  const auto note = [&](std::string_view line, bool oversized) { seen.emplace_back(line.size(), oversized); };
  for (int i = 0; i < 3; ++i) lines.feed(std::string(LineSplitter::max_line / 2, 'x'), note);
  EXPECT_TRUE(lines.rest_oversized());
  lines.feed("x\nshort\n", note);
  lines.feed(std::string(LineSplitter::max_line, 'y') + "\n", note);
  EXPECT_EQ(seen, (std::vector<std::pair<std::size_t, bool>>{
                      {LineSplitter::max_line, true}, {5, false}, {LineSplitter::max_line, false}}));
}

}  // namespace
}  // namespace hivemind
