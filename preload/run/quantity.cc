#include "preload/run/quantity.h"

namespace hivemind::run {
namespace {
// Digits with at most `places` after a point, as an integer scaled by 10^places; consumes them from `text`.
std::optional<std::int64_t> take_decimal(std::string_view& text, int places) {
  constexpr std::int64_t limit = 1'000'000'000'000'000;
  std::int64_t value = 0;
  std::size_t i = 0;
  while (i < text.size() && text[i] >= '0' && text[i] <= '9') {
    value = value * 10 + (text[i++] - '0');
    if (value > limit) return {};
  }
  if (i == 0) return {};
  int given = 0;
  if (i < text.size() && text[i] == '.') {
    ++i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') {
      if (++given > places) return {};
      value = value * 10 + (text[i++] - '0');
    }
    if (given == 0) return {};
  }
  for (; given < places; ++given) value *= 10;
  if (value < 0 || value / 1'000'000'000 > limit) return {};
  text.remove_prefix(i);
  return value;
}

std::int64_t seconds_of(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    default:
      return 0;
  }
}
}  // namespace

std::optional<std::int64_t> parse_tokens(std::string_view text) {
  const auto thousandths = take_decimal(text, 3);
  if (!thousandths || text.size() > 1) return {};
  std::int64_t scale = 1;
  if (!text.empty()) {
    switch (text[0] | 0x20) {
      case 'k':
        scale = 1'000;
        break;
      case 'm':
        scale = 1'000'000;
        break;
      case 'g':
        scale = 1'000'000'000;
        break;
      default:
        return {};
    }
  }
  std::int64_t scaled = 0;
  if (__builtin_mul_overflow(*thousandths, scale, &scaled) || scaled % 1000 != 0 || scaled < 1000) return {};
  return scaled / 1000;
}

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
  std::int64_t total = 0;
  std::int64_t last_unit = seconds_of('d') + 1;
  if (text.empty()) return {};
  while (!text.empty()) {
    const auto thousandths = take_decimal(text, 3);
    if (!thousandths || text.empty()) return {};
    const std::int64_t unit = seconds_of(text[0]);
    if (unit == 0 || unit >= last_unit) return {};  // "5m1h" is a slip, not a duration
    text.remove_prefix(1);
    last_unit = unit;
    std::int64_t part = 0;
    if (__builtin_mul_overflow(*thousandths, unit, &part) || __builtin_add_overflow(total, part, &total)) return {};
  }
  if (total < 1000 || total > 3650 * seconds_of('d') * 1000) return {};
  return total;
}

std::optional<std::uint32_t> parse_weight_milli(std::string_view text) {
  const auto thousandths = take_decimal(text, 3);
  if (!thousandths || !text.empty() || *thousandths < 1 || *thousandths > 1'000'000) return {};
  return static_cast<std::uint32_t>(*thousandths);
}
}  // namespace hivemind::run
