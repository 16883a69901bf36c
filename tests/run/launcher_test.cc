#include "preload/run/launcher.h"

#include <gtest/gtest.h>

namespace hivemind::run {
namespace {
using Words = std::vector<std::string>;

TEST(Launcher, WhatIsStartedInTheEnd) {
  const struct {
    Words words, want;
  } cases[] = {
      {{"node", "x.js"}, {"node", "x.js"}},
      {{}, {}},
      {{"env"}, {}},
      {{"/usr/bin/env", "node"}, {"node"}},
      {{"env", "-i", "A=b", "C=d", "codex", "-u", "x"}, {"codex", "-u", "x"}},
      {{"env", "-u", "HOME", "-C", "/tmp", "codex"}, {"codex"}},
      {{"env", "--unset=HOME", "--chdir=/tmp", "codex"}, {"codex"}},
      {{"env", "A=b", "-x"}, {"-x"}},
      {{"env", "-S", "node --no-warnings", "script"}, {"node", "--no-warnings", "script"}},
      {{"env", "-Snode --no-warnings"}, {"node", "--no-warnings"}},
      {{"env", "-vS", "A=b node"}, {"node"}},
      {{"env", "--split-string=-i A=b 'my node' \"a b\" c\\ d"}, {"my node", "a b", "c d"}},
      {{"env", "--split-string", "node x"}, {"node", "x"}},
      {{"env", "--", "node"}, {"node"}},
      {{"nohup", "setsid", "nice", "-n", "5", "codex"}, {"codex"}},
      {{"nice", "-5", "codex"}, {"codex"}},
      {{"timeout", "-k", "5", "--foreground", "10m", "codex", "-k"}, {"codex", "-k"}},
      {{"timeout", "10"}, {}},
      {{"stdbuf", "-oL", "codex"}, {"codex"}},
      {{"environment", "x"}, {"environment", "x"}},
  };
  for (const auto& c : cases) EXPECT_EQ(without_launchers(c.words), c.want) << testing::PrintToString(c.words);
}

TEST(Launcher, EndlessChainsEnd) {
  EXPECT_EQ(without_launchers(Words(100, "nohup")).size(), 92u);
  std::string nested = "env";
  for (int i = 0; i < 5; ++i) nested = "env -S '" + nested + "'";
  EXPECT_TRUE(without_launchers({"env", "-S", nested}).size() <= 2);
}
}  // namespace
}  // namespace hivemind::run
