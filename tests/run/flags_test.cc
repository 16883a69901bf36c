#include "preload/run/flags.h"

#include <gtest/gtest.h>

namespace hivemind::run {
namespace {
using Words = std::vector<std::string>;

TEST(Flags, DefaultsAndCommand) {
  const auto flags = parse_flags({"claude", "-p", "hi"});
  ASSERT_TRUE(flags);
  EXPECT_EQ(flags->command, (Words{"claude", "-p", "hi"}));
  EXPECT_EQ(flags->priority, HM_PRIORITY_NORMAL);
  EXPECT_EQ(flags->weight_milli, 1000u);
  EXPECT_EQ(flags->token_budget, HM_NONE);
  EXPECT_FALSE(flags->deadline_ms);
  EXPECT_FALSE(flags->fail_closed);
}

TEST(Flags, BothFormsOfValues) {
  for (const Words& words : {Words{"--name", "n", "--priority", "low", "--weight", "0.5", "--deadline", "90s", "x"},
                             Words{"--name=n", "--priority=low", "--weight=0.5", "--deadline=90s", "x"}}) {
    const auto flags = parse_flags(words);
    ASSERT_TRUE(flags);
    EXPECT_EQ(flags->name, "n");
    EXPECT_EQ(flags->priority, HM_PRIORITY_LOW);
    EXPECT_EQ(flags->weight_milli, 500u);
    EXPECT_EQ(flags->deadline_ms, 90'000);
  }
}

TEST(Flags, Tap) {
  EXPECT_EQ(parse_flags({"--tap", "f.jsonl", "x"})->tap, "f.jsonl");
  EXPECT_EQ(parse_flags({"x"})->tap, "");
  EXPECT_FALSE(parse_flags({"--tap=", "x"}));
}

TEST(Flags, EndAtTheCommand) {
  EXPECT_EQ(parse_flags({"--summary", "x", "--explain"})->command, (Words{"x", "--explain"}));
  EXPECT_FALSE(parse_flags({"--summary", "x", "--explain"})->explain);
  EXPECT_EQ(parse_flags({"--", "--name"})->command, Words{"--name"});
  EXPECT_EQ(parse_flags({"x", "--", "y"})->command, (Words{"x", "--", "y"}));
  EXPECT_EQ(parse_flags({"-", "y"})->command, (Words{"-", "y"}));
  EXPECT_EQ(parse_flags({"--name=", "--", "x"}).problem(), "--name takes 1 to 63 bytes, not \"\"");
}

TEST(Flags, LastOneWins) { EXPECT_EQ(parse_flags({"--name=a", "--name=b", "x"})->name, "b"); }

TEST(Flags, HelpAndVersionNeedNoCommand) {
  EXPECT_EQ(parse_flags({"--help"})->ask, Flags::Ask::help);
  EXPECT_EQ(parse_flags({"-h"})->ask, Flags::Ask::help);
  EXPECT_EQ(parse_flags({"--version"})->ask, Flags::Ask::version);
}

TEST(Flags, ExamineTakesACommandOrNone) {
  EXPECT_EQ(parse_flags({"--examine"})->ask, Flags::Ask::examine);
  const auto flags = parse_flags({"--examine", "--", "codex", "--help"});
  EXPECT_EQ(flags->ask, Flags::Ask::examine);
  EXPECT_EQ(flags->command, (Words{"codex", "--help"}));
}

TEST(Flags, Capture) {
  EXPECT_EQ(parse_flags({"x"})->capture, std::nullopt);
  EXPECT_EQ(parse_flags({"--capture=auto", "x"})->capture, std::nullopt);
  EXPECT_EQ(parse_flags({"--capture", "ebpf", "x"})->capture, Tier::ebpf);
  EXPECT_EQ(parse_flags({"--capture=none", "x"})->capture, Tier::none);
}

TEST(Flags, WrongOnesSayWhatToWrite) {
  const struct {
    Words words;
    const char* said;
  } cases[] = {
      {{"--nmae", "x"}, "did you mean --name?"},
      {{"--token", "1k", "x"}, "did you mean --token-budget?"},
      {{"--sumary", "x"}, "did you mean --summary?"},
      {{"--zzzzzzzz"}, "unknown flag --zzzzzzzz; flags of CMD go after CMD"},
      {{"-p", "x"}, "unknown flag -p"},
      {{"--priority=top", "x"}, "--priority is critical, high, normal or low, not \"top\""},
      {{"--weight", "-1", "x"}, "--weight is a share from 0.001 to 1000"},
      {{"--token-budget=2T", "x"}, "such as 50000, 200k or 2M, not \"2T\""},
      {{"--deadline=90", "x"}, "--deadline is a time such as 90s"},
      {{"--fail", "shut", "x"}, "--fail is open"},
      {{"--capture=all", "x"}, "--capture is auto, preload, seccomp, ebpf, proxy or none, not \"all\""},
      {{"--name=a\nb", "x"}, "no control characters"},
      {{"--config"}, "--config needs a value"},
      {{"--explain=yes", "x"}, "--explain takes no value"},
      {{}, "which command"},
      {{"--summary"}, "which command"},
      {{""}, "which command"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.said);
    const auto flags = parse_flags(c.words);
    ASSERT_FALSE(flags);
    EXPECT_NE(flags.problem().find(c.said), std::string::npos) << flags.problem();
  }
}
}  // namespace
}  // namespace hivemind::run
