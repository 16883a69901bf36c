// Where the daemon keeps its files, and whose directories it refuses.
#include "control/directories.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "tests/net/temporary_directory.h"

namespace hivemind {
namespace {
namespace fs = std::filesystem;

class DirectoriesTest : public testing::Test {
protected:
  // The test's own environment; the process's is put back.
  void SetUp() override {
    for (const char* name : names) {
      const char* value = std::getenv(name);
      saved_.emplace_back(name, value ? std::optional<std::string>(value) : std::nullopt);
      ::unsetenv(name);
    }
    ::setenv("HOME", "/home/someone", 1);
  }
  void TearDown() override {
    for (const auto& [name, value] : saved_) value ? ::setenv(name, value->c_str(), 1) : ::unsetenv(name);
  }
  static constexpr const char* names[] = {"HOME",
                                          "XDG_RUNTIME_DIR",
                                          "XDG_STATE_HOME",
                                          "XDG_CONFIG_HOME",
                                          "HIVEMIND_RUNTIME_DIR",
                                          "HIVEMIND_STATE_DIR",
                                          "HIVEMIND_CONFIG"};

  std::string refusal(const fs::path& directory) {
    try {
      make_private_directory(directory);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "made";
  }
  TemporaryDirectory here_;

private:
  std::vector<std::pair<const char*, std::optional<std::string>>> saved_;
};

TEST_F(DirectoriesTest, WithoutVariables) {
  const auto found = find_directories();
  EXPECT_EQ(found.runtime, "/tmp/hivemind-" + std::to_string(::getuid()));
  EXPECT_EQ(found.state, "/home/someone/.local/state/hivemind");
  EXPECT_EQ(found.config_file, "/home/someone/.config/hivemind/hivemind.toml");
  EXPECT_FALSE(found.config_named);
  EXPECT_EQ(found.root_bundle(), "/home/someone/.local/state/hivemind/ca/roots.pem");
  EXPECT_EQ(found.certificates(), "/home/someone/.local/state/hivemind/ca");
}

TEST_F(DirectoriesTest, XdgThenOurOwnVariables) {
  ::setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  ::setenv("XDG_STATE_HOME", "/state", 1);
  ::setenv("XDG_CONFIG_HOME", "relative/is/ignored", 1);
  auto found = find_directories();
  EXPECT_EQ(found.control_socket(), "/run/user/7/hivemind/control.sock");
  EXPECT_EQ(found.state, "/state/hivemind");
  EXPECT_EQ(found.config_file, "/home/someone/.config/hivemind/hivemind.toml");
  ::setenv("HIVEMIND_RUNTIME_DIR", "/r", 1);
  ::setenv("HIVEMIND_STATE_DIR", "/s", 1);
  ::setenv("HIVEMIND_CONFIG", "/c.toml", 1);
  found = find_directories();
  EXPECT_EQ(found.runtime, "/r");
  EXPECT_EQ(found.state, "/s");
  EXPECT_EQ(found.config_file, "/c.toml");
  EXPECT_TRUE(found.config_named);
}

TEST_F(DirectoriesTest, MadePrivateWithTheirParents) {
  Directories directories;
  directories.runtime = here_.path() / "a/runtime";
  directories.state = here_.path() / "b/state";
  prepare(directories);
  prepare(directories);
  for (const auto& made : {directories.runtime, directories.runs(), directories.state}) {
    struct stat found {};
    ASSERT_EQ(::stat(made.c_str(), &found), 0) << made;
    EXPECT_EQ(found.st_mode & 07777, 0700u) << made;
  }
}

TEST_F(DirectoriesTest, WhatOthersCouldHavePlantedIsRefused) {
  fs::create_directory(here_.path() / "target");
  fs::permissions(here_.path() / "target", fs::perms::owner_all);
  fs::create_symlink(here_.path() / "target", here_.path() / "link");
  EXPECT_NE(refusal(here_.path() / "link").find("symbolic link"), std::string::npos);
  std::ofstream(here_.path() / "file") << "x";
  EXPECT_NE(refusal(here_.path() / "file").find("no directory"), std::string::npos);
  fs::create_directory(here_.path() / "open");
  fs::permissions(here_.path() / "open", fs::perms(0755));
  EXPECT_NE(refusal(here_.path() / "open").find("chmod 700"), std::string::npos);
  EXPECT_EQ(fs::status(here_.path() / "open").permissions(), fs::perms(0755))
      << "what was named by mistake stays as it is";
}

TEST_F(DirectoriesTest, AnotherUsersDirectoryIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make one";
  fs::create_directory(here_.path() / "theirs");
  fs::permissions(here_.path() / "theirs", fs::perms::owner_all);
  ASSERT_EQ(::chown((here_.path() / "theirs").c_str(), 65534, 65534), 0);
  EXPECT_NE(refusal(here_.path() / "theirs").find("another user (uid 65534)"), std::string::npos);
}
}  // namespace
}  // namespace hivemind
