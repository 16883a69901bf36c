#include "sim/provider/time_text.h"

#include <gtest/gtest.h>

namespace hivemind::provider {
namespace {

TEST(TimeText, GoDurations) {
  const struct {
    Duration duration;
    const char* want;
  } cases[] = {
      {0s, "0s"},     {120ms, "120ms"},      {999999us, "1s"},        {1s, "1s"},           {8640ms, "8.64s"},
      {360s, "6m0s"}, {60363ms, "1m0.363s"}, {3723500ms, "1h2m3.5s"}, {17ms + 1ns, "18ms"},
  };
  for (const auto& c : cases) EXPECT_EQ(go_duration(c.duration), c.want);
}

TEST(TimeText, InstantsAreRoundedUp) {
  EXPECT_EQ(rfc3339(1795168800, false), "2026-11-20T10:00:00Z");
  EXPECT_EQ(rfc3339(1795168800.25, false), "2026-11-20T10:00:01Z");
  EXPECT_EQ(rfc3339(1795168800.25, true), "2026-11-20T10:00:00.250Z");
  EXPECT_EQ(http_date(1795168800), "Fri, 20 Nov 2026 10:00:00 GMT");
}

TEST(TimeText, DelaysAreWholeSecondsUnlessScaled) {
  EXPECT_EQ(delay_seconds(1100ms, false), "2");
  EXPECT_EQ(delay_seconds(20ms, false), "1");
  EXPECT_EQ(delay_seconds(1100ms, true), "1.1");
}

TEST(TimeScale, ProviderMinuteShrinks) {
  EXPECT_EQ(TimeScale{10}.to_real(60s), 6s);
  EXPECT_EQ(TimeScale{10}.to_provider(6s), 60s);
}
}  // namespace
}  // namespace hivemind::provider
