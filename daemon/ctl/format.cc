#include "ctl/format.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace hivemind::ctl {
namespace {

template <class... Numbers>
std::string print(const char* format, Numbers... numbers) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, numbers...);
  return text.data();
}
}  // namespace

std::string duration_text(double seconds) {
  if (seconds < 9.95) return print("%.1fs", seconds);
  const auto whole = static_cast<long long>(std::llround(seconds));
  if (whole < 60) return print("%llds", whole);
  if (whole < 3600) return print("%lldm%02llds", whole / 60, whole % 60);
  if (whole < 86400) return print("%lldh%02lldm", whole / 3600, whole / 60 % 60);
  return print("%lldd%02lldh", whole / 86400, whole / 3600 % 24);
}

std::string count_text(double count) {
  if (std::abs(count) < 10000) return print("%.0f", std::floor(count));
  if (std::abs(count) < 999950) return print("%.1fk", count / 1e3);
  if (std::abs(count) < 999.95e6) return print("%.1fM", count / 1e6);
  return print("%.1fG", count / 1e9);
}

std::string date_text(std::int64_t unix_seconds) {
  const auto time = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
  return text.data();
}
}  // namespace hivemind::ctl
