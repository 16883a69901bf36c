#include "core/model_names.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {

TEST(ModelNames, ClassesShareLimits) {
  const struct {
    const char *model, *want;
  } cases[] = {
      {"claude-sonnet-4-5-20250929", "claude-sonnet-4"},
      {"claude-sonnet-4-20250514[1m]", "claude-sonnet-4"},
      {"claude-opus-4-1", "claude-opus-4"},
      {"claude-opus-5.5", "claude-opus-5"},
      {"claude-fable-5", "claude-fable-5"},
      {"claude-3-5-haiku-latest", "claude-3-5-haiku"},
      {"claude-3-5-sonnet-20241022", "claude-3-5-sonnet"},
      {"claude-sonnet-4@20250514", "claude-sonnet-4"},
      {"claude-instant", "claude-instant"},
      {"gpt-4o-2024-08-06", "gpt-4o"},
      {"gpt-5.4-mini", "gpt-5.4-mini"},
      {"llama3.2:3b", "llama3.2:3b"},
      {"-20250929", "-20250929"},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(model_class(c.model), c.want) << c.model;
}

TEST(ModelNames, OutputBoundsErrUpwards) {
  EXPECT_EQ(default_output_bound("gpt-4o-mini"), 16384);
  EXPECT_EQ(default_output_bound("gpt-4-turbo"), 4096);
  EXPECT_EQ(default_output_bound("unheard-of"), 128000);
  EXPECT_EQ(default_output_bound("text-embedding-3-small"), 0);
}

}  // namespace
}  // namespace hivemind
