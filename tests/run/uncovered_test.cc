#include "preload/run/uncovered.h"

#include <gtest/gtest.h>

namespace hivemind::run {
namespace {
std::string said(const Program& program, const Choice& choice) {
  std::string all;
  for (const auto& one : what_stays_uncovered(program, choice)) {
    EXPECT_FALSE(one.remedy.empty()) << one.what;
    all += one.what + "\n";
  }
  return all;
}

TEST(Uncovered, EachTierHasItsGaps) {
  const struct {
    Tier tier;
    const char *says, *not_a_word_of;
  } cases[] = {
      {Tier::preload, "static and Go programs that it starts", "the command itself"},
      {Tier::preload, "setuid programs", "HTTPS_PROXY"},
      {Tier::seccomp, "sudo does not work inside", "static and Go programs"},
      {Tier::seccomp, "io_uring", "the command itself"},
      {Tier::proxy, "do not honour HTTPS_PROXY", "io_uring"},
      {Tier::proxy, "plain http://", "the command itself"},
      {Tier::ebpf, "", "QUIC"},
  };
  for (const auto& c : cases) {
    const auto text = said({}, {c.tier, {}, {}, false});
    EXPECT_NE(text.find(c.says), std::string::npos) << text;
    EXPECT_EQ(text.find(c.not_a_word_of), std::string::npos) << text;
  }
}

TEST(Uncovered, TheCommandItself) {
  Program program;
  program.can_preload = false;
  program.why_not = "is a static program";
  EXPECT_NE(said(program, {Tier::preload, {}, "is a static program: it runs uncaptured", false})
                .find("the command itself: it is a static program"),
            std::string::npos);
  EXPECT_EQ(said({}, {Tier::none, {}, "no object", false}), "the command itself: it runs without HiveMind\n");
}

// --explain has no lines of the other tiers above it, and a tier that was asked for may be the whole reason.
TEST(Uncovered, TheRemedyStandsAlone) {
  const auto all = what_stays_uncovered({}, {Tier::none, "asked for by --capture=none", {}, false});
  EXPECT_EQ(all.front().remedy, "let --capture=auto choose; what each tier lacks here says `hivemindctl doctor`");
}
}  // namespace
}  // namespace hivemind::run
