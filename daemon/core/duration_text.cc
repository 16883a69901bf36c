#include "core/duration_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "core/calendar_time.h"

namespace hivemind {
namespace {

struct Unit {
  std::string_view name;
  double seconds;
};
// The longest match wins, so longer names stand before their prefixes.
constexpr Unit units[] = {
    {"milliseconds", 1e-3},
    {"millisecond", 1e-3},
    {"microseconds", 1e-6},
    {"nanoseconds", 1e-9},
    {"seconds", 1},
    {"second", 1},
    {"secs", 1},
    {"sec", 1},
    {"minutes", 60},
    {"minute", 60},
    {"mins", 60},
    {"min", 60},
    {"hours", 3600},
    {"hour", 3600},
    {"days", 86400},
    {"day", 86400},
    {"ms", 1e-3},
    {"us", 1e-6},
    {"\xc2\xb5s", 1e-6},
    {"\xce\xbcs", 1e-6},
    {"ns", 1e-9},
    {"h", 3600},
    {"m", 60},
    {"s", 1},
    {"d", 86400},
};

// Takes an unsigned decimal number off the front.
std::optional<double> take_number(std::string_view& text) {
  if (text.empty() || !((text[0] >= '0' && text[0] <= '9') || text[0] == '.')) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

// Takes a sum of numbers with units off the front; a first number without unit ends it and is seconds.
std::optional<double> take_seconds(std::string_view& text) {
  double sum = 0;
  for (bool first = true;; first = false) {
    auto rest = text;
    const auto value = take_number(rest);
    if (!value) return first ? std::nullopt : std::optional(sum);
    auto unit_text = rest;
    if (unit_text.starts_with(' ')) unit_text.remove_prefix(1);
    const auto unit =
        std::find_if(std::begin(units), std::end(units), [&](const Unit& u) { return unit_text.starts_with(u.name); });
    if (unit == std::end(units)) {
      if (!first) return sum;
      text = rest;
      return *value;
    }
    sum += *value * unit->seconds;
    text = unit_text.substr(unit->name.size());
  }
}

}  // namespace

std::optional<Duration> from_seconds(double seconds) {
  constexpr double year = 366 * 86400.0;
  if (!(seconds >= 0) || seconds > year) return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

std::optional<double> parse_number(std::string_view text) {
  const auto value = take_number(text);
  return text.empty() ? value : std::nullopt;
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto seconds = take_seconds(text);
  if (!seconds || !text.empty()) return std::nullopt;
  return from_seconds(*seconds);
}

std::optional<Duration> parse_delay(std::string_view text, double now_unix) {
  std::optional<double> when;
  if (const auto number = parse_number(text)) {
    if (*number < 1e9) return from_seconds(*number);
    when = *number < 1e10 ? *number : *number / 1000;
  } else if (const auto duration = parse_duration(text)) {
    return duration;
  } else {
    when = parse_rfc3339(text);
    if (!when) when = parse_http_date(text);
  }
  if (!when || now_unix <= 0) return std::nullopt;
  return from_seconds(std::max(0.0, *when - now_unix));
}

std::optional<Duration> find_delay(std::string_view message) {
  static constexpr std::string_view leads[] = {"try again in ", "retry in ", "retry after ", "again after "};
  std::string lower(message.substr(0, 4096));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const auto lead : leads) {
    const auto at = lower.find(lead);
    if (at == lower.npos) continue;
    auto rest = std::string_view(lower).substr(at + lead.size());
    if (const auto seconds = take_seconds(rest)) return from_seconds(*seconds);
  }
  return std::nullopt;
}

}  // namespace hivemind
