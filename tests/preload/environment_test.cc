#include "preload/environment.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "table.h"

namespace hivemind {
namespace {
using Strings = std::vector<std::string>;
using ARun = Run;  // testing::Test has a Run of its own

class Environment : public testing::Test {
protected:
  std::unique_ptr<hm_table> table_ = empty_table();
  std::unique_ptr<ARun> run_ = std::make_unique<ARun>();

  void SetUp() override {
    run_->table = table_.get();
    std::strcpy(run_->table_assignment, "HIVEMIND_TABLE=/t");
    std::strcpy(run_->preload_assignment, "HIVEMIND_PRELOAD=/our.so");
    std::strcpy(run_->run_assignment, "HIVEMIND_RUN=0123456789abcdef");
    const char lines[] = "SSL_CERT_FILE=/b\0NODE_EXTRA_CA_CERTS=/c";
    std::memcpy(table_->environment, lines, sizeof lines);
    table_->environment_size = sizeof lines;
  }

  // The environment an exec gets; "unchanged" alone when it is the caller's own.
  Strings repaired(const Strings& given) const {
    std::vector<char*> pointers;
    for (const auto& line : given) pointers.push_back(const_cast<char*>(line.c_str()));
    pointers.push_back(nullptr);
    const EnvironmentRepair repair(*run_, pointers.data());
    if (!repair.is_needed()) return {"unchanged"};
    std::vector<char*> memory(repair.size() / sizeof(char*) + 1);
    Strings result;
    for (char** line = repair.write(memory.data()); *line != nullptr; ++line) result.emplace_back(*line);
    return result;
  }
  const Strings whole_ = {"LD_PRELOAD=/our.so",       "HIVEMIND_TABLE=/t", "HIVEMIND_RUN=0123456789abcdef",
                          "HIVEMIND_PRELOAD=/our.so", "SSL_CERT_FILE=/b",  "NODE_EXTRA_CA_CERTS=/c"};
};

TEST_F(Environment, EmptyGetsEverything) {
  EXPECT_EQ(repaired({}), whole_);
  EXPECT_TRUE(EnvironmentRepair(*run_, nullptr).is_needed());
}

TEST_F(Environment, WholeIsUnchanged) { EXPECT_EQ(repaired(whole_), Strings{"unchanged"}); }

TEST_F(Environment, DisabledIsUnchanged) {
  EXPECT_EQ(repaired({"HIVEMIND_DISABLE=1"}), Strings{"unchanged"});
  EXPECT_EQ(repaired({"HIVEMIND_DISABLE=0"}).size(), 7u);
  EXPECT_EQ(repaired({"HIVEMIND_DISABLE=10"}).size(), 7u);
}

TEST_F(Environment, KeepsTheOrderAndValuesGiven) {
  const Strings given = {"Z=1", "SSL_CERT_FILE=/mine", "A", "=odd", "Z=2", "NODE_EXTRA_CA_CERTS="};
  const Strings result = repaired(given);
  EXPECT_EQ(Strings(result.begin(), result.begin() + 6), given);
  EXPECT_EQ(Strings(result.begin() + 6, result.end()),
            (Strings{"LD_PRELOAD=/our.so", "HIVEMIND_TABLE=/t", "HIVEMIND_RUN=0123456789abcdef",
                     "HIVEMIND_PRELOAD=/our.so"}));
}

TEST_F(Environment, PreloadGrowsAtItsEnd) {
  const struct {
    const char* given;
    const char* want;
  } cases[] = {
      {"LD_PRELOAD=", "LD_PRELOAD=/our.so"},
      {"LD_PRELOAD=/a.so", "LD_PRELOAD=/a.so:/our.so"},
      {"LD_PRELOAD=/a.so /our.so", "LD_PRELOAD=/a.so /our.so"},
      {"LD_PRELOAD=/our.so:/a.so", "LD_PRELOAD=/our.so:/a.so"},
      {"LD_PRELOAD=/our.so.2", "LD_PRELOAD=/our.so.2:/our.so"},
      {"LD_PRELOAD=x/our.so", "LD_PRELOAD=x/our.so:/our.so"},
  };
  for (const auto& c : cases) EXPECT_EQ(repaired({c.given})[0], c.want);
}

TEST_F(Environment, NestedRunKeepsItsOwn) {
  const Strings inner = {"LD_PRELOAD=/inner.so",       "HIVEMIND_TABLE=/inner", "HIVEMIND_RUN=fedcba9876543210",
                         "HIVEMIND_PRELOAD=/inner.so", "SSL_CERT_FILE=/x",      "NODE_EXTRA_CA_CERTS=/y"};
  EXPECT_EQ(repaired(inner), Strings{"unchanged"});
}

TEST_F(Environment, TapComesBackWithUs) {
  std::strcpy(run_->preload_assignment, "HIVEMIND_PRELOAD=/tap.so:/our.so");
  EXPECT_EQ(repaired({"LD_PRELOAD=/a.so"})[0], "LD_PRELOAD=/a.so:/tap.so:/our.so");
  EXPECT_EQ(repaired({"LD_PRELOAD=/tap.so:/our.so"})[0], "LD_PRELOAD=/tap.so:/our.so");
  EXPECT_EQ(repaired({"LD_PRELOAD=/our.so"})[0], "LD_PRELOAD=/our.so");
}

TEST_F(Environment, ProgramThatCannotLoadUsLosesUs) {
  std::strcpy(run_->preload_assignment, "HIVEMIND_PRELOAD=/tap.so:/our.so");
  const struct {
    const char* given;
    const char* want;
  } cases[] = {
      {"LD_PRELOAD=/our.so", "LD_PRELOAD="},
      {"LD_PRELOAD=/tap.so:/our.so", "LD_PRELOAD="},
      {"LD_PRELOAD=/a.so:/tap.so /our.so:/b.so", "LD_PRELOAD=/a.so:/b.so"},
      {"LD_PRELOAD=/a.so", nullptr},
      {"A=1", nullptr},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.given);
    char* const given[] = {const_cast<char*>(c.given), const_cast<char*>("B=2"), nullptr};
    const EnvironmentRepair repair(*run_, given, false);
    ASSERT_EQ(repair.is_needed(), c.want != nullptr);
    if (!c.want) continue;
    std::vector<char> memory(repair.size());
    char** const result = repair.write(memory.data());
    EXPECT_STREQ(result[0], c.want);
    EXPECT_STREQ(result[1], "B=2");
    EXPECT_EQ(result[2], nullptr);
  }
}

TEST_F(Environment, LongPreload) {
  const std::string existing(100'000, 'x');
  EXPECT_EQ(repaired({"LD_PRELOAD=" + existing})[0], "LD_PRELOAD=" + existing + ":/our.so");
}

TEST_F(Environment, UnreadableIsLeftToTheKernel) {
  EXPECT_FALSE(EnvironmentRepair(*run_, reinterpret_cast<char**>(8)).is_needed());
  char* const bad[] = {const_cast<char*>("A=1"), reinterpret_cast<char*>(8), nullptr};
  EXPECT_FALSE(EnvironmentRepair(*run_, bad).is_needed());
}

TEST_F(Environment, WithoutOurPathNothingIsPutBack) {
  run_->preload_assignment[0] = '\0';
  EXPECT_EQ(repaired({"A=1"}), Strings{"unchanged"});
}

TEST_F(Environment, NothingIsAddedTwice) {
  const char lines[] = "HIVEMIND_TABLE=/t\0SSL_CERT_FILE=/b\0SSL_CERT_FILE=/c";
  std::memcpy(table_->environment, lines, sizeof lines);
  table_->environment_size = sizeof lines;
  EXPECT_EQ(repaired({}), Strings(whole_.begin(), whole_.end() - 1));
}

TEST_F(Environment, DamagedTableIsHarmless) {
  table_->environment_size = 4'000'000'000u;
  EXPECT_EQ(repaired({}).size(), 4u);
  table_->environment_size = sizeof table_->environment;
  std::memset(table_->environment, 'x', sizeof table_->environment);
  EXPECT_EQ(repaired({}).size(), 4u);
}
}  // namespace
}  // namespace hivemind
