#include "preload/run/program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/run/temporary_folder.h"

namespace hivemind::run {
namespace {
struct ProgramTest : testing::Test {
  TemporaryFolder folder;
  ProcessEnvironment environment{nullptr};
  ProgramTest() { environment.set("PATH", folder.path() + "::/usr/bin:/bin"); }
  std::string script(const std::string& name, const std::string& text, mode_t mode = 0755) {
    const auto path = folder.write(name, text);
    ::chmod(path.c_str(), mode);
    return path;
  }
  Program found(const std::string& command) {
    auto result = find_program(command, environment);
    EXPECT_TRUE(std::holds_alternative<Program>(result)) << std::get<CommandProblem>(result).sentence;
    return std::get<Program>(result);
  }
  int status(const std::string& command) { return std::get<CommandProblem>(find_program(command, environment)).status; }
};

TEST_F(ProgramTest, FollowsInterpreters) {
  script("inner", "#!/bin/sh -e\n");
  script("outer", "#!" + folder.file("inner") + "\n");
  const auto program = found("outer");
  EXPECT_EQ(program.path, folder.file("outer"));
  ASSERT_EQ(program.steps.size(), 3u);
  EXPECT_EQ(program.steps[1], folder.file("inner") + " is a script of /bin/sh");
  EXPECT_NE(program.steps[2].find("is a dynamic program (glibc)"), std::string::npos) << program.steps[2];
  EXPECT_TRUE(program.can_preload);
}

TEST_F(ProgramTest, FollowsEnv) {
  for (const char* line :
       {"#!/usr/bin/env sh\n", "#!/usr/bin/env -S sh -e\n", "#!/usr/bin/env -i A=b sh\n", "#! /usr/bin/env sh\r\n"}) {
    script("tool", line);
    EXPECT_NE(found("tool").steps.at(0).find("is a script of /"), std::string::npos);
  }
}

TEST_F(ProgramTest, FollowsNpmLinks) {
  std::filesystem::create_directories(folder.file("node_modules/tool"));
  const auto real = script("node_modules/tool/cli.js", "#!/usr/bin/env sh\n");
  std::filesystem::create_symlink(real, folder.file("tool"));
  EXPECT_EQ(found("tool").steps.at(0), folder.file("tool") + " is npm's link to " + real);
}

TEST_F(ProgramTest, EndlessChainsEnd) {
  script("loop", "#!" + folder.file("loop") + "\n");
  EXPECT_LE(found("loop").steps.size(), 5u);
}

TEST_F(ProgramTest, SearchesAsShellsDo) {
  EXPECT_EQ(status("no-such-thing"), 127);
  EXPECT_EQ(status("/no/such/thing"), 127);
  EXPECT_EQ(status(folder.path()), 126);
  EXPECT_EQ(status(script("data", "x", 0644)), 126);
  EXPECT_EQ(status("data"), 126);
  EXPECT_EQ(status(script("lost", "#!/no/such/interpreter\n")), 126);
  script("sh", "x", 0644);  // passed over for the one behind it
  EXPECT_EQ(found("sh").path, "/usr/bin/sh");
  environment.unset("PATH");
  EXPECT_EQ(found("sh").path, "/usr/bin/sh");
}

TEST_F(ProgramTest, SetuidCannotBePreloaded) {
  if (::geteuid() != 0) GTEST_SKIP() << "giving a file to somebody else needs root";
  std::filesystem::copy("/bin/true", folder.file("elevated"));
  ASSERT_EQ(::chown(folder.file("elevated").c_str(), 65534, 65534), 0);
  ::chmod(folder.file("elevated").c_str(), 04755);
  const auto program = found("elevated");
  EXPECT_FALSE(program.can_preload);
  EXPECT_EQ(program.why_not, "is setuid, so the loader ignores LD_PRELOAD");
}
}  // namespace
}  // namespace hivemind::run
