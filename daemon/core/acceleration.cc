#include "core/acceleration.h"

#include <algorithm>
#include <cmath>

#include "core/seconds.h"

namespace hivemind {
namespace {
constexpr double growth = 1.45;      // half as much again, less what our minutes are longer by
constexpr double too_fast = 0.8;     // of what was sent when it was refused
constexpr double recovery = 1.1;     // of a floor that a rejection lowered, per minute
constexpr double least_floor = 0.5;  // of a documented one: not every rejection is this rule's
constexpr double documented = 1e12;
constexpr double tiny = 1e-6;
}  // namespace

Acceleration::Acceleration(double floor, Duration minute, TimePoint now)
    : floor_(floor),
      learned_floor_(floor),
      minute_(minute),
      slot_(std::max<Duration>(minute / slots, Duration(1))),
      start_(now) {}

void Acceleration::configure(double floor, Duration minute) {
  if (minute != minute_) return void(*this = Acceleration(floor, minute, start_));
  if (floor != floor_) floor_ = learned_floor_ = floor;
}

double Acceleration::sent(TimePoint now) const {
  now = std::max(now, start_);
  const auto newest = slot_of(now);
  double sum = 0;
  for (const auto& slot : recent_)
    if (slot.number >= 0 && slot.number >= newest - slots && slot.number <= newest) sum += slot.tokens;
  return sum;
}

double Acceleration::at_most(TimePoint now) const {
  now = std::max(now, start_);
  const std::int64_t minute = (now - start_) / minute_;
  double sum = 0;
  for (const auto& slot : {this_minute_, last_minute_})
    if (slot.number >= minute - 1) sum += slot.tokens;
  return sum;
}

double Acceleration::busiest(std::int64_t minute) const {
  if (minute < 0) return 0;
  const auto& slot = minutes_[static_cast<std::size_t>(minute % (kept + 1))];
  return slot.number == minute ? slot.tokens : 0;
}

double Acceleration::floor_at(TimePoint now) const {
  if (learned_floor_ >= floor_) return floor_;
  const double quiet = in_seconds(std::max(now - refused_at_, Duration{})) / in_seconds(minute_);
  return std::min(floor_, learned_floor_ * std::pow(recovery, quiet));
}

// Nobody says when the provider's quarters of an hour begin: of all that may be the one before, the least busy counts.
double Acceleration::allowed(TimePoint now) const {
  now = std::max(now, start_);
  const auto minute = (now - start_) / minute_;
  double base = -1;
  for (int shift = 0; shift < period; ++shift) {
    double most = 0;
    for (int i = 1; i <= period; ++i) most = std::max(most, busiest(minute - shift - i));
    base = base < 0 ? most : std::min(base, most);
  }
  return std::max(floor_at(now), growth * base);
}

TimePoint Acceleration::ready_at(double tokens, TimePoint now) const {
  now = std::max(now, start_);
  // Far below the floor nothing needs to be looked at.
  if (learned_floor_ >= floor_ && at_most(now) + tokens <= floor_) return now;
  const double most = allowed(now);
  const double need = std::min(tokens, most);
  double sum = sent(now);
  if (sum + need <= most + tiny) return now;
  // The oldest slots leave the minute first.
  const auto newest = slot_of(now);
  for (auto leaves = newest - slots; leaves <= newest; ++leaves) {
    for (const auto& slot : recent_)
      if (slot.number == leaves) sum -= slot.tokens;
    if (sum + need <= most + tiny) return std::max(now, start_ + slot_ * (leaves + slots + 1));
  }
  return now + minute_ + slot_;
}

void Acceleration::spend(double tokens, TimePoint now) {
  now = std::max(now, start_);
  const auto number = slot_of(now);
  auto& slot = recent_[static_cast<std::size_t>(number % (slots + 1))];
  if (slot.number != number) slot = {number, 0};
  slot.tokens += tokens;
  const std::int64_t minute = (now - start_) / minute_;
  if (this_minute_.number != minute) {
    last_minute_ = this_minute_;
    this_minute_ = {minute, 0};
  }
  this_minute_.tokens += tokens;
  if (learned_floor_ >= floor_ && at_most(now) <= floor_ / growth) return;  // half as much again is the floor at most
  auto& busy = minutes_[static_cast<std::size_t>(minute % (kept + 1))];
  if (busy.number != minute) busy = {minute, 0};
  busy.tokens = std::max(busy.tokens, sent(now));
}

void Acceleration::refused(TimePoint now) {
  const double least = floor_ < documented ? least_floor * floor_ : 1.0;
  learned_floor_ = std::clamp(too_fast * sent(now), least, floor_);
  refused_at_ = now;
}

void Acceleration::merge(const Acceleration& other, TimePoint now) {
  if (other.floor_at(now) < floor_at(now)) {
    learned_floor_ = other.learned_floor_;
    refused_at_ = other.refused_at_;
  }
  // As if just now: it leaves the minute later than it might, never earlier.
  if (const double sent_there = other.sent(now); sent_there > 0) spend(sent_there, now);
}
}  // namespace hivemind
