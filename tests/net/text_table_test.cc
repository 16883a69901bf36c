// Tables for people: aligned, within the width, harmless to a terminal.
#include "ctl/text_table.h"

#include <gtest/gtest.h>

namespace hivemind::ctl {
namespace {

TEST(TextTable, AlignsColumns) {
  TextTable table({{"NAME"}, {"COUNT", Align::right}, {"NOTE"}});
  table.add({"a", "1", "x"});
  table.add({"longer", "12345678", ""});
  EXPECT_EQ(table.render(80),
            "NAME       COUNT  NOTE\n"
            "a              1  x\n"
            "longer  12345678\n");
}

TEST(TextTable, FitsItsWidthByCuttingWhatMayBeCut) {
  TextTable table({{"A", Align::left, Cut::first}, {"B", Align::left, Cut::last}});
  table.add({std::string(100, 'a'), "short"});
  table.add({"b", std::string(30, 'b')});
  const auto text = table.render(60);
  for (std::size_t from = 0; from < text.size();) {
    const auto end = text.find('\n', from);
    EXPECT_LE(length(text.substr(from, end - from)), 60u);
    from = end + 1;
  }
  EXPECT_NE(text.find("…"), text.npos);
  EXPECT_NE(text.find(std::string(30, 'b')), text.npos) << "the first that may be cut was enough";
}

TEST(TextTable, CountsAndCutsCharactersNotBytes) {
  EXPECT_EQ(length("grün"), 4u);
  EXPECT_EQ(cut("grüner", 6), "grüner");
  EXPECT_EQ(cut("grüner", 4), "grü…");
  EXPECT_EQ(cut("ab", 1), "…");
}

TEST(TextTable, NamesThatDifferAtTheirEndsStayApart) {
  const struct {
    const char* name;
    std::size_t width;
    const char* want;
  } cases[] = {
      {"agent-number-1", 14, "agent-number-1"},
      {"agent-number-1", 8, "agen…r-1"},
      {"grüner-äpfel", 5, "gr…el"},
      {"ab", 1, "…"},
  };
  for (const auto& c : cases) EXPECT_EQ(cut_middle(c.name, c.width), c.want) << c.name << " in " << c.width;
  TextTable table({{.title = "NAME", .cut = Cut::first, .keep_end = true}});
  table.add({"a-long-name-of-run-1"});
  table.add({"a-long-name-of-run-2"});
  EXPECT_EQ(table.render(12), "NAME\na-long…run-1\na-long…run-2\n");
}

TEST(TextTable, NothingReachesTheTerminalAsAControl) {
  EXPECT_EQ(printable("a\033[31m\r\nb\x7F"), "a [31m  b ");
  EXPECT_EQ(printable("a\xC2\x9B"
                      "31m\xC2\xA9"),
            "a 31m\xC2\xA9")
      << "the C1 control CSI";
  TextTable table({{"NAME"}});
  table.add({"\033]0;title\a"});
  EXPECT_EQ(table.render(80).find('\033'), std::string::npos);
}
}  // namespace
}  // namespace hivemind::ctl
