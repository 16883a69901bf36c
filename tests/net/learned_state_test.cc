#include "store/learned_state.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/net/temporary_directory.h"

namespace hivemind {
namespace {

mode_t mode_of(const std::filesystem::path& file) {
  struct stat about {};
  return ::lstat(file.c_str(), &about) == 0 ? about.st_mode & 07777 : 0;
}

TEST(LearnedState, TheNextDaemonReadsWhatTheLastOneStored) {
  const TemporaryDirectory here;
  EXPECT_EQ(LearnedState(here.path()).load(), "");
  LearnedState(here.path()).store(std::string("first\0second", 12));
  LearnedState(here.path()).store(std::string("newer\0second", 12));
  EXPECT_EQ(LearnedState(here.path()).load(), std::string("newer\0second", 12));
  EXPECT_EQ(mode_of(here.path() / "learned"), 0600u);
}

TEST(LearnedState, TheSaltStays) {
  const TemporaryDirectory here, elsewhere;
  const auto salt = LearnedState(here.path()).salt();
  EXPECT_EQ(salt.size(), 16u);
  EXPECT_EQ(LearnedState(here.path()).salt(), salt);
  EXPECT_NE(LearnedState(elsewhere.path()).salt(), salt);
  EXPECT_EQ(mode_of(here.path() / "account.salt"), 0600u);
}

TEST(LearnedState, ASaltCutOffIsReplaced) {
  const TemporaryDirectory here;
  std::ofstream(here.path() / "account.salt") << "short";
  const auto salt = LearnedState(here.path()).salt();
  EXPECT_EQ(salt.size(), 16u);
  EXPECT_EQ(LearnedState(here.path()).salt(), salt);
}

TEST(LearnedState, ALinkIsNotFollowed) {
  const TemporaryDirectory here;
  std::ofstream(here.path() / "secret") << "theirs";
  std::filesystem::create_symlink(here.path() / "secret", here.path() / "learned");
  LearnedState state(here.path());
  EXPECT_EQ(state.load(), "");
  state.store("ours");
  EXPECT_EQ(LearnedState(here.path()).load(), "ours");
  std::string theirs;
  std::getline(std::ifstream(here.path() / "secret"), theirs);
  EXPECT_EQ(theirs, "theirs");
}

TEST(LearnedState, TroubleCostsOnlyTheMemory) {
  LearnedState state("/nonexistent/hivemind");
  EXPECT_EQ(state.load(), "");
  EXPECT_EQ(state.salt().size(), 16u);
  state.store("anything");
}
}  // namespace
}  // namespace hivemind
