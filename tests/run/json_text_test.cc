#include "preload/run/json_text.h"

#include <gtest/gtest.h>

namespace hivemind::run {
namespace {
TEST(JsonText, IsAlwaysJsonAndUtf8) {
  EXPECT_EQ(json_text(""), "\"\"");
  EXPECT_EQ(json_text("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(json_text("a\nb\x1b\x7f"), R"("a\u000ab\u001b\u007f")");
  EXPECT_EQ(json_text("é €"), "\"é €\"");
  EXPECT_EQ(json_text("\xff\xc3"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(json_text("\xc0\xaf\xf8"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(json_text(std::string_view("\0", 1)), R"("\u0000")");
}
}  // namespace
}  // namespace hivemind::run
