#include "core/window_headers.h"

#include <string>

#include "core/calendar_time.h"
#include "core/duration_text.h"

namespace hivemind {
namespace {
constexpr std::string_view unified = "anthropic-ratelimit-unified-";
constexpr std::size_t most_windows = 8;
constexpr double most_used = 2;  // shares above 1 are seen (1.01); what is far above is a percentage or a lie

std::optional<double> share(std::optional<std::string_view> text, double whole) {
  const auto number = text ? parse_number(*text) : std::nullopt;
  return number && *number / whole <= most_used ? std::optional(*number / whole) : std::nullopt;
}

double server_clock(const ResponseHead& head) {
  const auto date = head.find("date");
  return (date ? parse_http_date(*date) : std::nullopt).value_or(0);
}

std::optional<Duration> until(const ResponseHead& head, std::string_view name) {
  const auto text = head.find(name);
  const auto delay = text ? parse_delay(*text, server_clock(head)) : std::nullopt;
  return delay > std::optional(Duration{}) ? delay : std::nullopt;  // a window that has ended tells nothing
}

LimitReport report_of(double used, Duration length, bool model_only, std::optional<Duration> reset) {
  LimitReport report;
  report.dimension = Dimension::utilisation;
  report.reset_after = reset;
  report.window = length;
  report.bucket = false;
  report.use = WindowUse{.used = used, .model_only = model_only};
  return report;
}

// "5h", "7d", "7d_oi": a length, and what of the account it counts when that is not all.
std::optional<Duration> length_of(std::string_view claim) {
  const auto length = parse_duration(claim.substr(0, claim.find('_')));
  return length && *length >= 1min ? length : std::nullopt;
}

// "five_hour", "seven_day", "seven_day_opus": the window that binds, in words.
std::optional<LimitReport> binding_window(const ResponseHead& head) {
  const auto claim = head.find("anthropic-ratelimit-unified-representative-claim").value_or("");
  const auto reset = until(head, "anthropic-ratelimit-unified-reset");
  if (claim == "five_hour") return report_of(1, 5h, false, reset);
  if (claim.starts_with("seven_day")) return report_of(1, 7 * 24h, claim != "seven_day", reset);
  if (!reset) return std::nullopt;
  return report_of(1, *reset <= Duration(5h) ? Duration(5h) : Duration(7 * 24h), false, reset);
}
}  // namespace

void read_unified_windows(const ResponseHead& head, std::vector<LimitReport>& into) {
  const auto first = into.size();
  bool any_rejects = false;
  for (const auto& header : head.headers) {
    constexpr std::string_view end = "-utilization";
    if (header.name.size() <= unified.size() + end.size() || into.size() >= first + most_windows) continue;
    if (!iequals(header.name.substr(0, unified.size()), unified)) continue;
    if (!iequals(header.name.substr(header.name.size() - end.size()), end)) continue;
    const auto stem = std::string(header.name.substr(0, header.name.size() - end.size()));
    const auto claim = std::string_view(stem).substr(unified.size());
    const auto length = length_of(claim);
    const auto used = share(header.value, 1);
    if (!length || !used) continue;
    auto report = report_of(*used, *length, claim.find('_') != claim.npos, until(head, stem + "-reset"));
    report.use->rejected = head.status == 429 && head.find(stem + "-status") == "rejected";
    any_rejects = any_rejects || report.use->rejected;
    into.push_back(report);
  }
  // A 200 that says "rejected" was served beyond the window, on credits.
  if (head.status != 429 || any_rejects || head.find("anthropic-ratelimit-unified-status") != "rejected") return;
  auto binding = binding_window(head);
  if (!binding) return;
  binding->use->rejected = true;
  for (auto report = into.begin() + static_cast<std::ptrdiff_t>(first); report != into.end(); ++report) {
    if (report->window != binding->window || report->use->model_only != binding->use->model_only) continue;
    report->use->rejected = true;
    if (!report->reset_after) report->reset_after = binding->reset_after;
    return;
  }
  into.push_back(*binding);
}

void read_codex_windows(const ResponseHead& head, std::vector<LimitReport>& into) {
  const auto read = [&](const std::string& stem, Duration usual, bool model_only) {
    const auto used = share(head.find(stem + "-used-percent"), 100);
    if (!used) return;
    const auto minutes = head.find(stem + "-window-minutes");
    const auto told = minutes ? parse_number(*minutes) : std::nullopt;
    const auto length = told && *told >= 1 ? from_seconds(60 * *told) : std::nullopt;
    auto reset = until(head, stem + "-reset-at");
    if (!reset) reset = until(head, stem + "-reset-after-seconds");
    auto report = report_of(*used, length.value_or(usual), model_only, reset);
    report.use->rejected = head.status == 429 && *used >= 1;
    into.push_back(report);
  };
  read("x-codex-primary", 5h, false);
  read("x-codex-secondary", 7 * 24h, false);
  const auto active = head.find("x-codex-active-limit").value_or("");
  if (active.empty() || active.size() > 64) return;
  const auto stem = "x-codex-" + std::string(active);
  read(stem + "-primary", 5h, true);
  read(stem + "-secondary", 7 * 24h, true);
}
}  // namespace hivemind
