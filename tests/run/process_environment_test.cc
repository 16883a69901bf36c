#include "preload/run/process_environment.h"

#include <gtest/gtest.h>

#include <array>

namespace hivemind::run {
namespace {
std::vector<std::string> strings(ProcessEnvironment& environment) {
  std::vector<std::string> all;
  for (const char* entry : environment.pointers())
    if (entry) all.emplace_back(entry);
  return all;
}

TEST(ProcessEnvironment, KeepsWhatItDoesNotChange) {
  char a[] = "A=1", odd[] = "no assignment", b[] = "B=", twice[] = "A=2";
  std::array<char*, 5> block{a, odd, b, twice, nullptr};
  ProcessEnvironment environment(block.data());
  EXPECT_EQ(environment.get("A"), "1");
  EXPECT_EQ(environment.get("B"), "");
  EXPECT_EQ(environment.get_or("B", "x"), "x");
  EXPECT_EQ(environment.get("no assignmen"), std::nullopt);
  environment.set("C", "3=4");
  environment.set("A", "5");
  EXPECT_EQ(strings(environment), (std::vector<std::string>{"A=5", "no assignment", "B=", "A=2", "C=3=4"}));
  environment.unset("A");
  EXPECT_EQ(strings(environment), (std::vector<std::string>{"no assignment", "B=", "C=3=4"}));
}
}  // namespace
}  // namespace hivemind::run
