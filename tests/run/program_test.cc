#include "preload/run/program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/run/elf_file.h"
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
  Program found(const std::vector<std::string>& words) {
    auto result = find_program(words, environment);
    EXPECT_TRUE(std::holds_alternative<Program>(result)) << std::get<CommandProblem>(result).sentence;
    return std::get<Program>(result);
  }
  Program found(const std::string& command) { return found(std::vector{command}); }
  int status(const std::string& command) {
    return std::get<CommandProblem>(find_program({command}, environment)).status;
  }
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

TEST_F(ProgramTest, Kinds) {
  const std::string glibc = "/lib64/ld-linux-x86-64.so.2";
  const struct {
    std::string bytes, step, why_not;
  } cases[] = {
      {elf({.interpreter = glibc}), "is a dynamic program (glibc)", ""},
      {elf({.interpreter = "/lib/ld-musl-x86_64.so.1"}), "is a dynamic program (musl)", ""},
      {elf({.interpreter = glibc, .needed = {"libasan.so.8"}}), "(glibc, AddressSanitizer)", ""},
      {elf({.type = ET_EXEC}), "is a static program", "is a static program"},
      {elf({.type = ET_DYN}), "is a static-pie program", "is a static-pie program"},
      {elf({.type = ET_EXEC, .go_note = true}), "is a static Go program",
       "is a static Go program, which makes its network calls past the C library"},
      {elf({.interpreter = glibc, .go_section = true}), "is a Go program",
       "is a Go program, which makes its network calls past the C library"},
      {elf({.machine = EM_386, .elf_class = ELFCLASS32}), "(i386)", "is a program for another architecture (i386)"},
  };
  for (const auto& c : cases) {
    const auto program = found(script("program", c.bytes));
    SCOPED_TRACE(c.step);
    EXPECT_NE(program.steps.at(0).find(c.step), std::string::npos) << program.steps[0];
    EXPECT_EQ(program.why_not, c.why_not);
    EXPECT_EQ(program.can_preload, c.why_not.empty());
    EXPECT_FALSE(program.elevated);
  }
}

TEST_F(ProgramTest, LaunchersAreFollowed) {
  script("static", elf({.type = ET_EXEC}));
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"env", "A=b", "static"}, {"timeout", "5", "nohup", "static"}, {"env", "-S", "static -x"}}) {
    const auto program = found(words);
    EXPECT_EQ(program.why_not, "is a static program");
    EXPECT_EQ(program.path, "/usr/bin/" + words[0]);
    EXPECT_EQ(program.steps.at(0), "/usr/bin/" + words[0] + " starts " + folder.file("static"));
  }
  EXPECT_TRUE(found(std::vector<std::string>{"env", "no-such-thing"}).can_preload) << "env itself says what is missing";
}

// @openai/codex, esbuild, opencode: a Node script that starts a native program out of a platform package.
TEST_F(ProgramTest, ShimsOfNpm) {
#ifdef __aarch64__
  const std::string platform = "linux-arm64";
#else
  const std::string platform = "linux-x64";
#endif
  const auto modules = folder.file("node_modules");
  const auto make = [&](const std::string& file, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder.file(file)).parent_path());
    return script(file, text);
  };
  std::filesystem::create_symlink("/usr/bin/true", folder.file("node"));
  make("node_modules/@openai/codex/package.json",
       "{\"optionalDependencies\": {\"@openai/codex-" + platform + "\": \"npm:@openai/codex@1-" + platform + "\"}}");
  const auto shim = make("node_modules/@openai/codex/bin/codex.js", "#!/usr/bin/env node\n");
  std::filesystem::create_symlink(shim, folder.file("codex"));
  EXPECT_TRUE(found("codex").can_preload) << "no platform package: nothing native to be seen";

  const auto package = "node_modules/@openai/codex-" + platform;
  make(package + "/vendor/musl/bin/helper", elf({.type = ET_EXEC}));
  EXPECT_TRUE(found("codex").can_preload) << "another program of the package is not the command";
  const auto native = make(package + "/vendor/musl/bin/codex", elf({.type = ET_DYN}));
  const auto program = found("codex");
  EXPECT_EQ(program.why_not, "starts codex, which is a static-pie program");
  EXPECT_EQ(program.steps.at(3), shim + " starts " + native);
  EXPECT_EQ(found(std::vector<std::string>{"node", folder.file("codex"), "exec"}).why_not, program.why_not);
  EXPECT_EQ(found(std::vector<std::string>{"env", "A=b", "codex"}).why_not, program.why_not);

  const auto pnpm =
      script("pnpm-codex",
             "#!/bin/sh\nbasedir=x\nexec \"$basedir/node\" \"$basedir/node_modules/@openai/codex/bin/codex.js\"\n");
  EXPECT_EQ(found("pnpm-codex").why_not, program.why_not);
  EXPECT_EQ(found("pnpm-codex").steps.at(0), pnpm + " is a shim of " + shim);

  make(package + "/vendor/musl/bin/codex", elf({.interpreter = "/lib64/ld-linux-x86-64.so.2"}));
  EXPECT_TRUE(found("codex").can_preload) << "a native program that loads the object is as good as a script";
}

TEST_F(ProgramTest, WhatCannotBeLookedIntoIsTriedAllTheSame) {
  script("secret", "", 0111);
  script("broken", ELFMAG);
  for (const char* name : {"secret", "broken"}) {
    const auto program = found(name);
    EXPECT_TRUE(program.can_preload);
    EXPECT_NE(program.steps.at(0).find("cannot be looked into"), std::string::npos) << program.steps[0];
  }
}

TEST_F(ProgramTest, SetuidCannotBePreloaded) {
  if (::geteuid() != 0) GTEST_SKIP() << "giving a file to somebody else needs root";
  const struct {
    mode_t mode;
    const char* why_not;
  } cases[] = {
      {04755, "is setuid, so the loader ignores LD_PRELOAD"},
      {02755, "is setgid, so the loader ignores LD_PRELOAD"},
      {02745, ""},  // not executable by its group: an old mark for locking
  };
  std::filesystem::copy("/bin/true", folder.file("elevated"));
  ASSERT_EQ(::chown(folder.file("elevated").c_str(), 65534, 65534), 0);
  for (const auto& c : cases) {
    ::chmod(folder.file("elevated").c_str(), c.mode);
    const auto program = found("elevated");
    EXPECT_EQ(program.why_not, c.why_not);
    EXPECT_EQ(program.can_preload, program.why_not.empty());
    EXPECT_EQ(program.elevated, !program.can_preload);
  }
}
}  // namespace
}  // namespace hivemind::run
