#include "store/spending_record.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/net/temporary_directory.h"

namespace hivemind {
namespace {

TEST(SpendingRecord, TheNewestIsRead) {
  const TemporaryDirectory here;
  EXPECT_EQ(SpendingRecord(here.path()).load(), "");
  SpendingRecord record(here.path());
  for (const char* bytes : {"first", "second, which is longer", "third"}) {
    record.store(bytes);
    EXPECT_EQ(SpendingRecord(here.path()).load(), bytes);
  }
  record.store("");
  EXPECT_EQ(SpendingRecord(here.path()).load(), "third") << "nothing new is no record";
}

TEST(SpendingRecord, TheNextDaemonGoesOnFromThere) {
  const TemporaryDirectory here;
  {
    SpendingRecord record(here.path());
    for (int i = 0; i < 5; ++i) record.store("of the first " + std::to_string(i));
  }
  SpendingRecord next(here.path());
  EXPECT_EQ(next.load(), "of the first 4");
  next.store("of the next");
  EXPECT_EQ(SpendingRecord(here.path()).load(), "of the next");
}

TEST(SpendingRecord, OfAWriteThatWasCutOffTheOneBeforeItIsRead) {
  const TemporaryDirectory here;
  SpendingRecord record(here.path());
  record.store(std::string(300, 'a'));
  record.store(std::string(300, 'b'));
  const auto newest = here.path() / "spending.0";
  for (std::uintmax_t size = std::filesystem::file_size(newest); size-- > 0;) {
    std::filesystem::resize_file(newest, size);
    EXPECT_EQ(SpendingRecord(here.path()).load(), std::string(300, 'a')) << size;
  }
  std::fstream(newest, std::ios::in | std::ios::out).write("garbage at the beginning", 24);
  EXPECT_EQ(SpendingRecord(here.path()).load(), std::string(300, 'a'));
}

TEST(SpendingRecord, ALinkInItsPlaceIsNotFollowed) {
  const TemporaryDirectory here;
  const auto target = here.path() / "precious";
  std::ofstream(target) << "text";
  std::filesystem::create_symlink(target, here.path() / "spending.0");
  std::filesystem::create_symlink(target, here.path() / "spending.1");
  SpendingRecord record(here.path());
  record.store("one");
  record.store("two");
  EXPECT_EQ(record.load(), "");
  std::string text;
  std::getline(std::ifstream(target), text);
  EXPECT_EQ(text, "text");
}
}  // namespace
}  // namespace hivemind
