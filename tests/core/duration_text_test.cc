#include "core/duration_text.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {

std::optional<double> seconds(std::optional<Duration> duration) {
  if (!duration) return std::nullopt;
  return std::chrono::duration<double>(*duration).count();
}

TEST(DurationText, ReadsEveryProvidersGrammar) {
  const struct {
    const char* text;
    std::optional<double> want;
  } cases[] = {
      {"1s", 1},
      {"6m0s", 360},
      {"120ms", 0.12},
      {"1h2m3.5s", 3723.5},
      {"8.64s", 8.64},
      {"2m59.56s", 179.56},
      {"7.66s", 7.66},
      {"34.07", 34.07},
      {"9 seconds", 9},
      {"579.276118ms", 0.579276118},
      {"10h17m5.72s", 37025.72},
      {"5us", 5e-6},
      {"5\xc2\xb5s", 5e-6},
      {"20ns", 20e-9},
      {"1d", 86400},
      {"0", 0},
      {".5s", 0.5},
      {"", {}},
      {"s", {}},
      {"1x", {}},
      {"-1s", {}},
      {"nan", {}},
      {"inf", {}},
      {"1s,", {}},
      {"1m 5", {}},
      {"9000h", {}},
      {"1e3s", {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto got = seconds(parse_duration(c.text));
    ASSERT_EQ(got.has_value(), c.want.has_value());
    if (!got) continue;
    EXPECT_NEAR(*got, *c.want, 1e-6);
  }
}

TEST(DurationText, TellsDelaysFromPointsInTime) {
  const double now = 1795168987;
  const struct {
    const char* text;
    std::optional<double> want;
  } cases[] = {
      {"51811", 51811},
      {"1795169000", 13},
      {"1795169000500", 13.5},
      {"1795168000", 0},
      {"2026-11-20T10:03:17Z", 10},
      {"2026-11-20T12:03:17.25+02:00", 10.25},
      {"Fri, 20 Nov 2026 10:04:07 GMT", 60},
      {"Fri, 20 Nov 2026 10:02:07 GMT", 0},
      {"6m0s", 360},
      {"soon", {}},
      {"-5", {}},
      {"999999999", {}},
      {"Fri, 31 Feb 2026 10:04:07 GMT", {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto got = seconds(parse_delay(c.text, now));
    ASSERT_EQ(got.has_value(), c.want.has_value());
    if (!got) continue;
    EXPECT_NEAR(*got, *c.want, 1e-3);
  }
  EXPECT_FALSE(parse_delay("2026-11-20T10:03:17Z", 0));  // no clock to count from
}

TEST(DurationText, FindsTheDelayInAMessage) {
  const struct {
    const char* text;
    std::optional<double> want;
  } cases[] = {
      {"... Requested 4351. Please try again in 5.289s. Visit ...", 5.289},
      {"Please try again in 1m0.363142857s.", 60.363142857},
      {"try again in 20ms", 0.02},
      {"Please retry after 9 seconds.", 9},
      {"Please retry in 34.07s.", 34.07},
      {"TRY AGAIN IN 2 MINUTES", 120},
      {"retry after 30", 30},
      {"Please try again later", {}},
      {"try again in a while", {}},
      {"", {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto got = seconds(find_delay(c.text));
    ASSERT_EQ(got.has_value(), c.want.has_value());
    if (!got) continue;
    EXPECT_NEAR(*got, *c.want, 1e-6);
  }
}

}  // namespace
}  // namespace hivemind
