// format.h - quantities for people, short enough for a column.
#pragma once
#include <cstdint>
#include <string>

namespace hivemind::ctl {

// 0.3 -> "0.3s", 75 -> "1m15s", 4000 -> "1h06m", 200000 -> "2d07h".
std::string duration_text(double seconds);
// 950 -> "950", 12345 -> "12.3k", 4200000 -> "4.2M".
std::string count_text(double count);
// "2026-12-20 10:00 UTC".
std::string date_text(std::int64_t unix_seconds);
}  // namespace hivemind::ctl
