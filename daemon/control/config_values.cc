#include "control/config_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

namespace hivemind {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array<Unit, 6> duration_units{
    {{"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}}};
constexpr std::array<Unit, 4> size_units{{{"B", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}}};
constexpr double longest = 10 * 365 * 86400e9;  // nanoseconds

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// One "12.5unit" at the front of `text`, which is advanced past it.
std::optional<double> take_quantity(std::string_view& text, std::span<const Unit> units) {
  std::size_t digits = 0;
  while (digits < text.size() && (is_digit(text[digits]) || text[digits] == '.')) ++digits;
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + digits, number, std::chars_format::fixed);
  if (digits == 0 || parsed.ec != std::errc{} || parsed.ptr != text.data() + digits) return std::nullopt;
  std::size_t end = digits;
  while (end < text.size() && !is_digit(text[end])) ++end;
  const auto name = text.substr(digits, end - digits);
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
  if (unit == units.end()) return std::nullopt;
  text.remove_prefix(end);
  return number * unit->factor;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_'; }
}  // namespace

std::optional<Duration> config_duration(std::string_view text) {
  double total = 0;
  do {
    const auto part = take_quantity(text, duration_units);
    if (!part) return std::nullopt;
    total += *part;
  } while (!text.empty() && total <= longest);
  if (total > longest) return std::nullopt;
  return Duration(static_cast<Duration::rep>(std::llround(total)));
}

std::optional<std::uint64_t> config_size(std::string_view text) {
  const auto bytes = take_quantity(text, size_units);
  if (!bytes || !text.empty() || *bytes > 1024.0 * 1073741824) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(*bytes));
}

std::optional<std::int64_t> config_count(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::int64_t scale = unit == "K" ? 1'000 : unit == "M" ? 1'000'000 : unit == "G" ? 1'000'000'000 : 0;
  if (error != std::errc() || scale == 0 || number <= 0 || number > 1'000'000'000) return std::nullopt;
  return number * scale;
}

std::optional<std::string> config_host(std::string_view text, bool pattern) {
  std::string host(text);
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  std::string_view name = host;
  if (name.size() > 253) return std::nullopt;
  if (pattern && name.substr(0, 2) == "*.") name.remove_prefix(2);
  // An IPv6 address, without brackets.
  if (name.find(':') != name.npos) {
    if (name.find_first_not_of("0123456789abcdef:.") != name.npos || std::count(name.begin(), name.end(), ':') < 2)
      return std::nullopt;
    return host;
  }
  std::size_t label = 0;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    if (i < name.size() && name[i] != '.') {
      if (!is_name_character(name[i])) return std::nullopt;
      continue;
    }
    if (i == label || i - label > 63 || name[label] == '-' || name[i - 1] == '-') return std::nullopt;
    label = i + 1;
  }
  return host;
}

std::string nearest(std::string_view wrong, std::span<const std::string> words) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  for (const auto& word : words) {
    const auto distance = edit_distance(wrong, word);
    if (distance < best_distance) {
      best_distance = distance;
      best = word;
    }
  }
  return best;
}
}  // namespace hivemind
