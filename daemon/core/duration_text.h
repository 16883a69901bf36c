// duration_text.h - durations as providers write them: "1s", "6m0s", "120ms", "1h2m3.5s", "9 seconds", "34.07".
// Negative, absurd (over a year) and malformed ones are none.
#pragma once
#include <optional>
#include <string_view>

#include "core/time.h"

namespace hivemind {

// Seconds as a duration, unless negative, not a number or over a year.
std::optional<Duration> from_seconds(double seconds);
// The whole of `text` as a plain decimal number.
std::optional<double> parse_number(std::string_view text);
// The whole of `text`: a sum of numbers with units; a bare number is seconds.
std::optional<Duration> parse_duration(std::string_view text);
// As parse_duration, and also what a bare number of that size can only be (providers.md 15.2): seconds or milliseconds
// since 1970; an RFC 3339 or HTTP date. Absolute times count from `now_unix`; those gone by are zero.
std::optional<Duration> parse_delay(std::string_view text, double now_unix);
// "... Please try again in 5.289s.", "retry after 9 seconds", wherever it stands in the message.
std::optional<Duration> find_delay(std::string_view message);
}  // namespace hivemind
