#include "core/long_windows.h"

#include <algorithm>
#include <iterator>

#include "core/seconds.h"

namespace hivemind {

UtilisationWindow* LongWindows::find(Duration length, bool model_only, TimePoint now) {
  const auto found = std::find_if(windows_.begin(), windows_.end(), [&](const UtilisationWindow& w) {
    return w.length() == length && w.model_only() == model_only;
  });
  if (found != windows_.end()) return &*found;
  if (windows_.size() >= most) return nullptr;
  return &windows_.emplace_back(length, model_only, now);
}

void LongWindows::observe(std::span<const LimitReport> reports, double sent, Duration minute, Duration longest,
                          TimePoint now) {
  for (const auto& report : reports) {
    if (report.dimension != Dimension::utilisation || !report.use || report.window <= Duration{}) continue;
    const double used = report.use->used;
    if (!(used >= 0 && used <= 10)) continue;  // headers lie
    // Of two that tell of the same window the fuller counts.
    const auto fuller = [&](const LimitReport& other) {
      return &other != &report && other.use && other.window == report.window &&
             other.use->model_only == report.use->model_only &&
             std::pair(other.use->used, &report) > std::pair(used, &other);
    };
    if (std::any_of(reports.begin(), reports.end(), fuller)) continue;
    auto* window = find(scaled(report.window, in_seconds(minute) / 60), report.use->model_only, now);
    if (!window) continue;
    window->observe(used, report.reset_after, sent, now);
    if (report.use->rejected && report.reset_after > std::optional(Duration{}) &&
        *report.reset_after <= window->length() + window->length() / 8)
      window->reject(*report.reset_after, sent, longest, now);
  }
}

// The window that ends then; if none does, the shortest usual one that holds such a wait.
bool LongWindows::reject(Duration wait, double sent, Duration minute, Duration longest, TimePoint now) {
  if (closed(now)) return true;
  const auto off = [&](const UtilisationWindow& w) { return std::abs(in_seconds(w.end() - now - wait)); };
  const auto nearest =
      std::min_element(windows_.begin(), windows_.end(), [&](const auto& a, const auto& b) { return off(a) < off(b); });
  if (nearest != windows_.end() && off(*nearest) < in_seconds(nearest->length()) / 20) {
    nearest->reject(wait, sent, longest, now);
    return true;
  }
  for (const Duration usual : {Duration(5h), Duration(24h), Duration(7 * 24h), Duration(31 * 24h)}) {
    const auto length = scaled(usual, in_seconds(minute) / 60);
    if (wait > length) continue;
    auto* window = find(length, false, now);
    if (window) window->reject(wait, sent, longest, now);
    return window != nullptr;
  }
  return false;
}

void LongWindows::spend(double cost, double spent, double from, Duration longest, TimePoint now) {
  for (auto& window : windows_) window.spend(cost, spent, from, longest, now);
}

std::optional<LongWindows::Wait> LongWindows::closed(TimePoint now) const {
  std::optional<Wait> latest;
  for (const auto& window : windows_) {
    const auto until = window.closed_until(now);
    if (until && (!latest || *until > latest->until)) latest = Wait{*until, &window};
  }
  return latest;
}

std::optional<LongWindows::Wait> LongWindows::paced(double spent, double from, TimePoint now) const {
  std::optional<Wait> latest;
  for (const auto& window : windows_) {
    const auto until = window.paced_until(spent, from, now);
    if (until && (!latest || *until > latest->until)) latest = Wait{*until, &window};
  }
  return latest;
}

void LongWindows::merge(const LongWindows& other, double spent, TimePoint now) {
  for (const auto& theirs : other.windows_) {
    const auto same = std::find_if(windows_.begin(), windows_.end(), [&](const UtilisationWindow& w) {
      return w.length() == theirs.length() && w.model_only() == theirs.model_only();
    });
    if (same != windows_.end())
      same->merge(theirs, now);
    else if (windows_.size() < most)
      windows_.push_back(theirs);
  }
  for (auto& window : windows_) window.rebase(spent);
}
}  // namespace hivemind
