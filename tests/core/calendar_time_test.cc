#include "core/calendar_time.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {

TEST(CalendarTime, ReadsRfc3339) {
  EXPECT_DOUBLE_EQ(*parse_rfc3339("1970-01-01T00:00:00Z"), 0);
  EXPECT_DOUBLE_EQ(*parse_rfc3339("2026-11-20T10:03:07Z"), 1795168987);
  EXPECT_DOUBLE_EQ(*parse_rfc3339("2026-11-20t10:03:07.250z"), 1795168987.25);
  EXPECT_DOUBLE_EQ(*parse_rfc3339("2026-11-20 11:33:07+01:30"), 1795168987);
  EXPECT_DOUBLE_EQ(*parse_rfc3339("2026-11-20T05:03:07-05:00"), 1795168987);
  EXPECT_DOUBLE_EQ(*parse_rfc3339("2024-02-29T00:00:00Z"), 1709164800);
}

TEST(CalendarTime, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2026-11-20", "2026-11-20T10:03:07", "2026-13-20T10:03:07Z", "2026-02-29T00:00:00Z",
                           "2026-11-20T25:03:07Z", "2026-11-20T10:03:07+0100", "2026-11-20T10:03:07Zx",
                           "2026-11-20T10-03-07Z", "xxxx-11-20T10:03:07Z", "2026-11-20T10:03:07."})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  for (const char* text : {"", "Fri, 20 Nov 2026 10:03:07", "Friday, 20-Nov-26 10:03:07 GMT",
                           "Fri, 20 Foo 2026 10:03:07 GMT", "Fri, 20 Nov 2026 10:63:07 GMT"})
    EXPECT_FALSE(parse_http_date(text)) << text;
}

TEST(CalendarTime, ReadsHttpDates) { EXPECT_DOUBLE_EQ(*parse_http_date("Fri, 20 Nov 2026 10:03:07 GMT"), 1795168987); }

}  // namespace
}  // namespace hivemind
