#include "preload/run/command_line.h"

#include <gtest/gtest.h>

namespace hivemind::run {
namespace {
TEST(CommandLine, MasksCredentials) {
  const struct {
    std::vector<std::string> arguments;
    const char* shown;
  } cases[] = {
      {{"claude", "-p", "fix the tests"}, "claude -p fix the tests"},
      {{"claude", "--model", "claude-sonnet-4-5-20250929"}, "claude --model claude-sonnet-4-5-20250929"},
      {{"x", "sk-ant-api03-abcdefgh"}, "x ***"},
      {{"x", "--api-key", "hunter2", "y"}, "x --api-key *** y"},
      {{"x", "--api-key=hunter2", "y"}, "x --api-key=*** y"},
      {{"curl", "-H", "Authorization: Bearer abc.def", "https://h/"}, "curl -H Authorization: Bearer *** https://h/"},
      {{"curl", "-H", "x-api-key: abc"}, "curl -H x-api-key: ***"},
      {{"env", "OPENAI_API_KEY=abc", "run"}, "env OPENAI_API_KEY=*** run"},
      {{"agent", "--max-tokens", "100"}, "agent --max-tokens 100"},
      {{"agent", "--token-budget", "100"}, "agent --token-budget 100"},
      {{"agent", "a\x1b[2J\n"}, "agent a [2J "},
  };
  for (const auto& c : cases) EXPECT_EQ(show_command(c.arguments), c.shown);
}

TEST(CommandLine, CutsBetweenCharacters) {
  EXPECT_EQ(cut_utf8("abc", 5), "abc");
  EXPECT_EQ(cut_utf8("abcd", 3), "abc");
  EXPECT_EQ(cut_utf8("ab\xC3\xA9", 3), "ab");
  EXPECT_EQ(cut_utf8("ab\xC3\xA9", 4), "ab\xC3\xA9");
}
}  // namespace
}  // namespace hivemind::run
