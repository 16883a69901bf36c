#include "preload/run/quantity.h"

#include <gtest/gtest.h>

namespace hivemind::run {
namespace {
template <class T>
struct Case {
  const char* text;
  std::optional<T> want;
};

TEST(Quantity, Tokens) {
  const Case<std::int64_t> cases[] = {
      {"1", 1},
      {"200k", 200'000},
      {"2M", 2'000'000},
      {"1.5m", 1'500'000},
      {"0.001k", 1},
      {"3G", 3'000'000'000},
      {"0", {}},
      {"0.5", {}},
      {"-1", {}},
      {"1.2345k", {}},
      {"k", {}},
      {"2 M", {}},
      {"2MM", {}},
      {"1.k", {}},
      {"", {}},
      {"9999999999999999999", {}},
      {"999999999999999g", {}},
      {"0x10", {}},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_tokens(c.text), c.want) << c.text;
}

TEST(Quantity, Durations) {
  const Case<std::int64_t> cases[] = {
      {"90s", 90'000}, {"10m", 600'000}, {"2h", 7'200'000}, {"1h30m", 5'400'000}, {"1d", 86'400'000}, {"1.5s", 1'500},
      {"0s", {}},      {"0.5s", {}},     {"90", {}},        {"30m1h", {}},        {"1h1h", {}},       {"5min", {}},
      {"", {}},        {"h", {}},        {"99999d", {}},    {"1h ", {}},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_duration_ms(c.text), c.want) << c.text;
}

TEST(Quantity, Weights) {
  const Case<std::uint32_t> cases[] = {
      {"1", 1000},    {"0.001", 1},     {"1000", 1'000'000}, {"2.5", 2500}, {"0", {}},
      {"0.0001", {}}, {"1000.001", {}}, {"1x", {}},          {"", {}},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_weight_milli(c.text), c.want) << c.text;
}
}  // namespace
}  // namespace hivemind::run
