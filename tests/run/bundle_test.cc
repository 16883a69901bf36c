#include "preload/run/bundle.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/run/temporary_folder.h"

namespace hivemind::run {
namespace {
struct Bundle : testing::Test {
  TemporaryFolder folder;
  std::string roots = folder.write("roots.pem", "OUR ROOT\n");
  BundleStore store{folder.path(), roots};
};

TEST_F(Bundle, HoldsBothAndIsNamedByContent) {
  const auto base = folder.write("base.pem", "THEIRS");  // no newline at its end
  const auto bundle = store.merged_with(base);
  ASSERT_TRUE(bundle);
  EXPECT_EQ(text_of(*bundle), "THEIRS\nOUR ROOT\n");
  EXPECT_EQ(*bundle, folder.file(fnv1a_128("THEIRS\nOUR ROOT\n") + ".pem"));
  const auto same = store.merged_with(folder.write("other.pem", "THEIRS\n"));
  EXPECT_EQ(*same, *bundle);
}

TEST_F(Bundle, IsFoundAgainWithoutReadingItsInputs) {
  const auto base = folder.write("base.pem", "THEIRS\n");
  const auto bundle = *store.merged_with(base);
  std::ofstream(bundle, std::ios::app) << "marked\n";
  EXPECT_EQ(*store.merged_with(base), bundle);
  EXPECT_EQ(text_of(bundle), "THEIRS\nOUR ROOT\nmarked\n");
}

TEST_F(Bundle, IsMadeAnewWhenAnInputChanges) {
  const auto base = folder.write("base.pem", "THEIRS\n");
  const auto before = *store.merged_with(base);
  folder.write("base.pem", "CHANGED\n");
  const auto after = *store.merged_with(base);
  EXPECT_NE(before, after);
  EXPECT_EQ(text_of(after), "CHANGED\nOUR ROOT\n");
  EXPECT_EQ(text_of(before), "THEIRS\nOUR ROOT\n");  // children of an earlier run may read it
  folder.write("roots.pem", "NEW ROOT\n");
  EXPECT_EQ(text_of(*store.merged_with(base)), "CHANGED\nNEW ROOT\n");
}

TEST_F(Bundle, IsMadeAnewWhenItIsGoneOrCut) {
  const auto base = folder.write("base.pem", "THEIRS\n");
  const auto bundle = *store.merged_with(base);
  std::filesystem::resize_file(bundle, 3);
  EXPECT_EQ(text_of(*store.merged_with(base)), "THEIRS\nOUR ROOT\n");
  std::filesystem::remove(bundle);
  EXPECT_EQ(text_of(*store.merged_with(base)), "THEIRS\nOUR ROOT\n");
}

TEST_F(Bundle, BaseThatHasOursIsEnough) {
  const auto base = folder.write("base.pem", "THEIRS\nOUR ROOT\nMORE\n");
  EXPECT_EQ(*store.merged_with(base), base);
}

TEST_F(Bundle, WhatCannotBeReadIsAProblem) {
  EXPECT_FALSE(store.merged_with(folder.file("missing.pem")));
  EXPECT_FALSE(store.merged_with(folder.path()));
  EXPECT_FALSE(store.merged_with("/dev/null"));
}

TEST(Fnv1a, KnownValues) {
  EXPECT_EQ(fnv1a_128(""), "6c62272e07bb014262b821756295c58d");
  EXPECT_EQ(fnv1a_128("a"), "d228cb696f1a8caf78912b704e4a8964");
}
}  // namespace
}  // namespace hivemind::run
