// What `hivemindctl system` changed is undone, whoever died when.
#include "ctl/system_journal.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/net/temporary_directory.h"

namespace hivemind::ctl {
namespace {
namespace fs = std::filesystem;

class SystemJournalTest : public testing::Test {
protected:
  fs::path at(const std::string& name) const { return folder_.path() / name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(at(name)) << text; }
  std::string read(const std::string& name) const {
    std::ifstream file(at(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryDirectory folder_;
  SystemJournal journal_{at("journal")};
};

TEST_F(SystemJournalTest, UndoesTheLastFirstAndIsGone) {
  EXPECT_FALSE(journal_.exists());
  fs::create_directory(at("a"));
  journal_.make_directory(at("a/b"), 0711, ::geteuid(), ::getegid());
  journal_.write_file(at("a/b/file"), "text");
  EXPECT_EQ(read("a/b/file"), "text");
  struct stat found {};
  ASSERT_EQ(::stat(at("a/b").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0711u);
  EXPECT_TRUE(journal_.undo_all().empty());
  EXPECT_TRUE(fs::is_empty(at("a"))) << "it was there";
  EXPECT_FALSE(journal_.exists());
}

TEST_F(SystemJournalTest, TouchesNothingOfOthers) {
  fs::create_directory(at("theirs"));
  write("theirs/file", "theirs");
  journal_.make_directory(at("theirs"), 0700, ::geteuid(), ::getegid());
  EXPECT_THROW(journal_.write_file(at("theirs/file"), "ours"), std::runtime_error);
  fs::create_symlink("/nowhere", at("theirs/link"));
  EXPECT_THROW(journal_.write_file(at("theirs/link"), "ours"), std::runtime_error);
  EXPECT_FALSE(journal_.rewrite_file(at("theirs/file"), "ours"));
  journal_.write_file(at("theirs/ours"), "ours");
  EXPECT_TRUE(journal_.undo_all().empty());
  EXPECT_EQ(read("theirs/file"), "theirs");
  EXPECT_FALSE(fs::exists(at("theirs/ours")));
}

TEST_F(SystemJournalTest, AHalfWrittenEntryIsOfAChangeThatWasNotMade) {
  journal_.write_file(at("ours"), "ours");
  write("theirs", "theirs");
  std::ofstream(at("journal"), std::ios::app) << "file\t" << at("theirs").string();  // died before the end of the line
  EXPECT_TRUE(journal_.undo_all().empty());
  EXPECT_FALSE(fs::exists(at("ours")));
  EXPECT_EQ(read("theirs"), "theirs");
}

TEST_F(SystemJournalTest, ARewrittenFileIsReplacedWholeAndUndone) {
  journal_.write_file(at("ours"), "old");
  EXPECT_TRUE(journal_.rewrite_file(at("ours"), "new"));
  EXPECT_FALSE(journal_.rewrite_file(at("ours"), "new"));
  EXPECT_EQ(read("ours"), "new");
  EXPECT_TRUE(journal_.undo_all().empty());
  EXPECT_FALSE(fs::exists(at("ours")));
  EXPECT_FALSE(fs::exists(at("ours.new")));
}

TEST_F(SystemJournalTest, AProcessIsEndedButNotOneThatGotItsNumber) {
  write("program", "#!/bin/sh\necho ready >&$1\nexec sleep 100\n");
  ::chmod(at("program").c_str(), 0755);
  journal_.start({at("program"), "@READY@"}, {"PATH=/usr/bin:/bin"}, at("log"));
  const pid_t pid = journal_.running();
  ASSERT_GT(pid, 0);
  std::ofstream(at("journal"), std::ios::app) << "process\t" << ::getpid() << "\t1\n";  // started at another time
  EXPECT_TRUE(journal_.undo_all().empty());
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, WNOHANG), pid);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  EXPECT_EQ(journal_.running(), 0);
}

TEST_F(SystemJournalTest, WhatDoesNotComeUpSaysWhy) {
  write("program", "#!/bin/sh\necho no room >&$1\n");
  ::chmod(at("program").c_str(), 0755);
  try {
    journal_.start({at("program"), "@READY@"}, {"PATH=/usr/bin:/bin"}, at("log"));
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "no room");
  }
  EXPECT_TRUE(journal_.undo_all().empty());
}
}  // namespace
}  // namespace hivemind::ctl
