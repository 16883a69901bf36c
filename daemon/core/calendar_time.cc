#include "core/calendar_time.h"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace hivemind {
namespace {

// `width` digits at `at`, or -1.
int digits(std::string_view text, std::size_t at, std::size_t width) {
  if (at + width > text.size()) return -1;
  int value = 0;
  for (const char c : text.substr(at, width)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

// "10:03:07" at `at` as seconds of the day, or -1.
int time_of_day(std::string_view text, std::size_t at) {
  const int hour = digits(text, at, 2), minute = digits(text, at + 3, 2), second = digits(text, at + 6, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1;
  if (text[at + 2] != ':' || text[at + 5] != ':') return -1;
  return hour * 3600 + minute * 60 + second;
}

std::optional<double> at(int year, int month, int day, int seconds) {
  if (year < 0 || month < 1 || day < 1 || seconds < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return static_cast<double>(days) * 86400.0 + seconds;
}

}  // namespace

std::optional<double> parse_rfc3339(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' '))
    return std::nullopt;
  auto time = at(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2), time_of_day(text, 11));
  if (!time) return std::nullopt;
  text.remove_prefix(19);
  if (text.front() == '.') {
    double unit = 0.1;
    std::size_t i = 1;
    for (int digit; (digit = digits(text, i, 1)) >= 0; ++i, unit /= 10) *time += digit * unit;
    text.remove_prefix(i);
  }
  if (text == "Z" || text == "z") return time;
  const int hours = digits(text, 1, 2), minutes = digits(text, 4, 2);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || hours < 0 || minutes < 0)
    return std::nullopt;
  const int offset = hours * 3600 + minutes * 60;
  return *time - (text[0] == '+' ? offset : -offset);
}

std::optional<double> parse_http_date(std::string_view text) {
  static constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return std::nullopt;
  const auto month = std::find(std::begin(months), std::end(months), text.substr(8, 3));
  if (month == std::end(months)) return std::nullopt;
  return at(digits(text, 12, 4), static_cast<int>(month - std::begin(months)) + 1, digits(text, 5, 2),
            time_of_day(text, 17));
}

}  // namespace hivemind
