#include "sim/provider/time_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace hivemind::provider {
namespace {
std::string format_time(const char* format, double unix_seconds) {
  const auto whole = static_cast<std::time_t>(std::floor(unix_seconds));
  std::tm parts{};
  gmtime_r(&whole, &parts);
  char text[64];
  return std::string(text, std::strftime(text, sizeof text, format, &parts));
}

// Without trailing zeroes.
std::string decimal(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  std::string out = text;
  if (out.find('.') != out.npos) {
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.') out.pop_back();
  }
  return out;
}
}  // namespace

Duration TimeScale::to_real(Duration provider) const {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(provider) / speed);
}
Duration TimeScale::to_provider(Duration real) const {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(real) * speed);
}

std::string http_date(double unix_seconds) { return format_time("%a, %d %b %Y %H:%M:%S GMT", unix_seconds); }

std::string rfc3339(double unix_seconds, bool milliseconds) {
  if (!milliseconds) return format_time("%Y-%m-%dT%H:%M:%SZ", std::ceil(unix_seconds));
  const double rounded = std::ceil(unix_seconds * 1000) / 1000;
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(std::fmod(rounded, 1.0) * 1000 + 0.5) % 1000);
  return format_time("%Y-%m-%dT%H:%M:%S", rounded) + fraction;
}

std::string go_duration(Duration duration) {
  const double total = std::max(0.0, std::chrono::duration<double>(duration).count());
  const double rounded = std::ceil(total * 1000) / 1000;
  if (rounded < 1) return rounded == 0 ? "0s" : decimal(rounded * 1000, 0) + "ms";
  const auto minutes = static_cast<long>(rounded / 60);
  const auto seconds = decimal(rounded - 60 * static_cast<double>(minutes), 3) + "s";
  if (minutes == 0) return seconds;
  if (minutes < 60) return std::to_string(minutes) + "m" + seconds;
  return std::to_string(minutes / 60) + "h" + std::to_string(minutes % 60) + "m" + seconds;
}

std::string delay_seconds(Duration duration, bool fraction) {
  const double total = std::max(0.0, std::chrono::duration<double>(duration).count());
  if (!fraction) return decimal(std::max(1.0, std::ceil(total)), 0);
  return decimal(std::ceil(total * 1000) / 1000, 3);
}
}  // namespace hivemind::provider
