#include "sim/provider/rate_limit.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace hivemind::provider {
namespace {
using Seconds = std::chrono::duration<double>;

Duration to_duration(double seconds) { return std::chrono::ceil<Duration>(Seconds(seconds)); }
}  // namespace

const char* to_string(Dimension dimension) {
  switch (dimension) {
    case Dimension::requests:
      return "requests";
    case Dimension::input_tokens:
      return "input-tokens";
    case Dimension::output_tokens:
      return "output-tokens";
    case Dimension::tokens:
      return "tokens";
  }
  return "";
}

RateLimit::RateLimit(LimitSpec spec, TimePoint now)
    : spec_(std::move(spec)), level_(static_cast<double>(spec_.amount)), at_once_(capacity_at_once()), since_(now) {}

double RateLimit::capacity_at_once() const {
  const auto amount = static_cast<double>(spec_.amount);
  if (spec_.quantum <= Duration::zero()) return amount;
  return std::max(1.0, amount * (Seconds(spec_.quantum) / Seconds(spec_.period)));
}

void RateLimit::advance(TimePoint now) {
  const auto amount = static_cast<double>(spec_.amount);
  if (spec_.kind == LimitKind::window) {
    if (open_ && now - since_ >= spec_.period) {
      open_ = false;
      level_ = amount;
    }
    return;
  }
  const double refilled = amount * (Seconds(now - since_) / Seconds(spec_.period));
  level_ = std::min(amount, level_ + refilled);
  at_once_ = std::min(capacity_at_once(), at_once_ + refilled);
  since_ = now;
}

std::optional<Duration> RateLimit::wait_for(std::int64_t need, TimePoint now) {
  advance(now);
  const auto wanted = static_cast<double>(need);
  if (need > spec_.amount) return std::nullopt;
  if (spec_.kind == LimitKind::window) {
    if (level_ >= wanted) return Duration::zero();
    return since_ + spec_.period - now;
  }
  // More than a quantum holds is let through by a full one.
  const double missing = std::max(wanted - level_, std::min(wanted, capacity_at_once()) - at_once_);
  if (missing <= 1e-9) return Duration::zero();
  return to_duration(missing * Seconds(spec_.period).count() / static_cast<double>(spec_.amount));
}

void RateLimit::take(std::int64_t amount, TimePoint now) {
  advance(now);
  if (spec_.kind == LimitKind::window && !open_) {
    open_ = true;
    since_ = now;
  }
  level_ -= static_cast<double>(amount);
  at_once_ -= static_cast<double>(amount);
}

void RateLimit::take_rejected(TimePoint now) {
  if (!spec_.count_rejected || spec_.dimension != Dimension::requests) return;
  take(1, now);
  level_ = std::max(level_, 0.0);
  at_once_ = std::max(at_once_, 0.0);
}

std::int64_t RateLimit::remaining(TimePoint now) {
  advance(now);
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(level_ + 1e-9)));
}

Duration RateLimit::reset_after(TimePoint now) {
  advance(now);
  if (spec_.kind == LimitKind::window) return open_ ? since_ + spec_.period - now : Duration::zero();
  const double missing = static_cast<double>(spec_.amount) - level_;
  return missing <= 0 ? Duration::zero()
                      : to_duration(missing * Seconds(spec_.period).count() / static_cast<double>(spec_.amount));
}
}  // namespace hivemind::provider
