// Notations of the configuration file.
#include "control/config_values.h"

#include <gtest/gtest.h>

#include <vector>

namespace hivemind {
namespace {

TEST(ConfigValues, Durations) {
  const struct {
    const char* text;
    std::optional<Duration> want;
  } cases[] = {
      {"500ms", 500ms},
      {"6s", 6s},
      {"10m", 10min},
      {"10min", 10min},
      {"1.5h", 90min},
      {"2d", 48h},
      {"1m30s", 90s},
      {"0s", 0s},
      {"", {}},
      {"6", {}},
      {"s", {}},
      {"6 s", {}},
      {"-6s", {}},
      {"6S", {}},
      {"1..5s", {}},
      {".s", {}},
      {"6sec", {}},
      {"4000d", {}},
      {"99999999999999999999d", {}},
      {"1e3s", {}},
      {"6s ", {}},
      {"nan", {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(config_duration(c.text), c.want);
  }
}

TEST(ConfigValues, Sizes) {
  const struct {
    const char* text;
    std::optional<std::uint64_t> want;
  } cases[] = {
      {"64MiB", 64u << 20}, {"4096B", 4096},  {"0.5KiB", 512}, {"1GiB", 1u << 30}, {"64MB", {}},
      {"64", {}},           {"1MiB1MiB", {}}, {"-1B", {}},     {"9999GiB", {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(config_size(c.text), c.want);
  }
}

TEST(ConfigValues, Hosts) {
  const struct {
    const char* text;
    bool pattern;
    std::optional<std::string> want;
  } cases[] = {
      {"API.Example.com", false, "api.example.com"},
      {"localhost", false, "localhost"},
      {"127.0.0.1", false, "127.0.0.1"},
      {"::1", false, "::1"},
      {"*.example.com", true, "*.example.com"},
      {"*.example.com", false, {}},
      {"*", true, {}},
      {"*.", true, {}},
      {"a.*.b", true, {}},
      {"", true, {}},
      {"a..b", true, {}},
      {".a", true, {}},
      {"a.", true, {}},
      {"-a.b", true, {}},
      {"a:443", true, {}},
      {"https://a", true, {}},
      {"a/b", true, {}},
      {"a b", true, {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(config_host(c.text, c.pattern), c.want);
  }
  std::string label(64, 'a');
  EXPECT_FALSE(config_host(label, false)) << "a label has at most 63 characters";
  label.pop_back();
  EXPECT_TRUE(config_host(label, false));
}

TEST(ConfigValues, TheNearestWordIsNearEnough) {
  const std::vector<std::string> words{"ports", "hosts", "log_level"};
  EXPECT_EQ(nearest("port", words), "ports");
  EXPECT_EQ(nearest("loglevel", words), "log_level");
  EXPECT_EQ(nearest("something_else", words), "");
}
}  // namespace
}  // namespace hivemind
