#include "core/utilisation_window.h"

#include <algorithm>
#include <cmath>

#include "core/seconds.h"

namespace hivemind {
namespace {
constexpr double memory = 0.1;      // of a window: how much of its latest use the slope is taken from
constexpr double overtaken = 0.02;  // answers overtake each other; a share that falls by more is another window's
constexpr int burst = 2;            // requests that may go at once after a pause, besides one
constexpr Duration longest_gap = 10min;
}  // namespace

UtilisationWindow::UtilisationWindow(Duration length, bool model_only, TimePoint now)
    : length_(std::max<Duration>(length, Duration(1))), model_only_(model_only), end_(now + length_) {}

void UtilisationWindow::begin_anew(double used, double sent, TimePoint now) {
  told_ = anchor_used_ = used;
  told_sent_ = anchor_sent_ = sent;
  anchor_at_ = now;
  anchored_ = true;
  due_ = {};
}

void UtilisationWindow::observe(double used, std::optional<Duration> reset_after, double sent, TimePoint now) {
  const bool possible = reset_after > std::optional(Duration{}) && *reset_after <= length_ + length_ / 8;
  const TimePoint end = possible ? now + *reset_after : now >= end_ ? now + length_ : end_;
  const bool other = now >= end_ || (end_told_ && possible && end > end_ + length_ / 8) || used + overtaken < told_;
  end_ = end;
  end_told_ = possible || (end_told_ && !other);
  if (sent > rejected_sent_) closed_until_ = look_at_ = {};
  if (other || !anchored_) return begin_anew(used, sent, now);
  if (used > anchor_used_ && sent > anchor_sent_) {
    gained_ += used - anchor_used_;
    cost_ += sent - anchor_sent_;
    seconds_ += in_seconds(now - anchor_at_);
    anchor_used_ = used;
    anchor_sent_ = sent;
    anchor_at_ = now;
    if (gained_ > memory) {
      cost_ *= memory / gained_;
      seconds_ *= memory / gained_;
      gained_ = memory;
    }
  }
  if (used >= told_ && sent >= told_sent_) {
    told_ = used;
    told_sent_ = sent;
  }
}

void UtilisationWindow::reject(Duration wait, double sent, Duration longest, TimePoint now) {
  closed_until_ = now + wait;
  look_at_ = now + std::min(wait, longest);
  rejected_sent_ = std::max(rejected_sent_, sent);
  end_ = std::max(end_, closed_until_);
}

std::optional<TimePoint> UtilisationWindow::closed_until(TimePoint now) const {
  const TimePoint until = std::min(closed_until_, look_at_);
  return now < until ? std::optional(until) : std::nullopt;
}

double UtilisationWindow::used(double spent, TimePoint now) const {
  if (now >= end_) return 0;
  return told_ + per_cost() * std::max(0.0, spent - told_sent_);
}

// Nothing is spread while what is used is behind the clock, nor once an account is served beyond its window (it pays).
bool UtilisationWindow::spreads(double used, double from, TimePoint now) const {
  if (now >= end_ || told_ >= 1 || used < from) return false;
  return used > 1 - in_seconds(end_ - now) / in_seconds(length_);
}

std::optional<TimePoint> UtilisationWindow::paced_until(double spent, double from, TimePoint now) const {
  if (due_ <= now || !spreads(used(spent, now), from, now)) return std::nullopt;
  return due_;
}

void UtilisationWindow::spend(double cost, double spent, double from, Duration longest, TimePoint now) {
  if (now < closed_until_) look_at_ = now + longest;
  const double so_far = used(spent, now);
  if (!spreads(so_far, from, now)) return;
  // What is left lasts for left / (per_cost * cost) such requests, and they have until the end.
  const double left = std::max(1e-6, 1 - so_far);
  const double gap = std::min(per_cost() * cost / left * in_seconds(end_ - now), in_seconds(longest_gap));
  due_ = std::max(due_, now - from_seconds(burst * gap)) + from_seconds(gap);
}

std::optional<Duration> UtilisationWindow::exhausted_in(double spent, TimePoint now) const {
  if (gained_ <= 0 || seconds_ <= 0) return std::nullopt;
  const auto in = from_seconds(std::max(0.0, 1 - used(spent, now)) * seconds_ / gained_);
  return now + in < end_ ? std::optional(in) : std::nullopt;
}

void UtilisationWindow::merge(const UtilisationWindow& other, TimePoint now) {
  if (now >= other.end_) return;
  if (now >= end_ || other.told_ > told_) {
    told_ = anchor_used_ = other.told_;
    end_ = other.end_;
    end_told_ = other.end_told_;
    anchor_at_ = now;
  }
  if (other.closed_until_ > closed_until_) {
    closed_until_ = other.closed_until_;
    look_at_ = other.look_at_;
    end_ = std::max(end_, closed_until_);
  }
}

bool UtilisationWindow::usable(TimePoint now) {
  constexpr Duration longest_window = 366 * 24h;
  const bool sound = length_ > Duration{} && length_ <= longest_window && told_ >= 0 && told_ <= 10 && gained_ >= 0 &&
                     gained_ <= 10 && cost_ >= 0 && cost_ <= 1e15 && seconds_ >= 0 && seconds_ <= 1e9;
  if (!sound) return false;
  // The clock may have been set back meanwhile; what was spent is counted anew.
  end_ = std::min(end_, now + length_ + length_ / 8);
  closed_until_ = std::min(closed_until_, now + length_ + length_ / 8);
  look_at_ = std::min(look_at_, closed_until_);
  return true;
}
}  // namespace hivemind
