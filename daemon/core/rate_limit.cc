#include "core/rate_limit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/seconds.h"

namespace hivemind {
namespace {
constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double tiny = 1e-6;
constexpr int longest_relax = 160;  // quiet windows before a learned restriction is loosened again, at most
constexpr int quantum_lasts = 3;    // times as many, for a quantum: they are rarely changed
constexpr double least_care = 0.03, most_care = 0.3;
// Providers cut their windows into seconds or tens of seconds: who let through this share at once has no quantum.
constexpr double longest_quantum = 1.0 / 6, least_proof = 4;
constexpr double spread = 8;  // until proven, so many in the time that one needs to be refilled
// A rate that only rejections tell of: how it grows with each request that is served, and falls with one that is not.
constexpr double eager = 0.02, cautious = 0.0025, surest = 0.0003, backoff = 0.9, plunge = 0.75;
constexpr int enough_to_measure = 12;                  // served between two rejections
constexpr int long_quiet = 400;                        // served without a rejection: more may be allowed by now
constexpr double below = 0.985;                        // what was measured
constexpr int first_distrust = 25, most_distrust = 6;  // faults taken as counted after a refused trial; its doublings
constexpr int reserve = 3;  // the part of a window that is kept for retries when it is let out evenly
constexpr int silent_answers = 20, silent_minutes = 10;  // that do not name a limit: it is gone
constexpr int forgotten_minutes = 60;                    // after which a limit of an error's body is asked for again
constexpr Duration longest_window = 31 * 24h;            // so that restrain() stays in range
constexpr int soon = 8;                                  // refused again before so many were served: far too fast
constexpr double largest = 1e15;  // of a limit or of what is left of it; more is a lie, and no limit
double believable(double limit) { return std::clamp(limit, 1.0, largest); }
// Whole seconds in headers, and the way to the provider and back.
double slack(Duration window) { return in_seconds(window) / 4 + 1.0; }
// Our window begins a little after the provider's: early is a 429, late costs half a percent.
Duration margin(Duration window) { return window / 200; }
Duration scouting(Duration window) { return window / 40; }
}  // namespace

const char* to_string(LimitSource source) {
  switch (source) {
    case LimitSource::seed:
      return "seed";
    case LimitSource::header:
      return "header";
    case LimitSource::rejection:
      return "429";
    case LimitSource::body:
      return "body";
  }
  return "?";
}

RateLimit::RateLimit(Dimension dimension, double limit, Duration window, bool bucket, LimitSource source, TimePoint now)
    : dimension_(dimension),
      limit_(believable(limit)),
      window_(std::max<Duration>(window, Duration(1))),
      bucket_(bucket),
      source_(source),
      level_(limit_),
      updated_(now),
      end_(now + window_),
      burst_(infinite),
      growth_(cautious) {}

double RateLimit::rate() const { return limit_ / in_seconds(window_) * (1 - care_); }
double RateLimit::capacity() const { return std::min(limit_, burst_); }

double RateLimit::available(TimePoint now) const {
  if (!bucket_) return now < end_ ? level_ : limit_;
  return std::min(capacity(), level_ + rate() * in_seconds(std::max(now - updated_, Duration{})));
}

TimePoint RateLimit::window_end(TimePoint now) const {
  return now < end_ ? end_ : end_ + window_ * ((now - end_) / window_ + 1);
}

void RateLimit::roll(TimePoint now) {
  if (relax_at_ != TimePoint{} && now >= relax_at_) {
    restrain(now);
    if (burst_ < limit_)
      burst_ *= 2;
    else if (source_ == LimitSource::rejection && !bucket_)
      limit_ = std::ceil(limit_ * 1.25);
    else
      relax_at_ = {};
    care_ /= 2;
    if (burst_ >= limit_) forget_burst();
  }
  if (!bucket_ && now >= end_) {
    began_ = window_end(now) - window_;
    scouting_ = true;
    scout_sent_.reset();
  }
  const double proven = bucket_ ? std::min(capacity(), level_ - doubt_ + rate() * in_seconds(now - updated_)) : 0;
  level_ = available(now);
  doubt_ = bucket_ ? std::max(0.0, level_ - proven) : now < end_ ? doubt_ : 0;
  end_ = window_end(now);
  updated_ = now;
}

TimePoint RateLimit::ready_at(double amount, TimePoint now) const {
  const double need = std::min(amount, bucket_ ? capacity() : limit_), have = available(now);
  if (have + tiny >= need) {
    if (waits_for_scout(now)) return *scout_sent_ + scouting(window_);
    return unproven() ? std::max(now, last_spent_ + from_seconds(1 / (rate() * spread))) : now;
  }
  return bucket_ ? now + from_seconds((need - have) / rate()) : window_end(now);
}

TimePoint RateLimit::evenly_at(double wanted, Duration patience, TimePoint now) const {
  if (bucket_ || dimension_ != Dimension::requests || wanted <= available(now)) return now;
  if (patience < window_) return now;  // whoever misses one beginning, of a day for instance, is lost in any case
  const Duration over = std::clamp<Duration>(2 * window_ + window_ / reserve - patience, Duration{}, window_);
  return std::max(now, last_spent_ + from_seconds(in_seconds(over) / limit_));
}

bool RateLimit::waits_for_scout(TimePoint now) const {
  return !bucket_ && scouting_ && scout_sent_ && now < end_ && now < *scout_sent_ + scouting(window_);
}

// Its first burst is spread a little, so that the first rejection comes back before many follow. Nothing is lost by it:
// a bucket refills meanwhile.
bool RateLimit::unproven() const {
  return dimension_ == Dimension::requests && source_ == LimitSource::header && burst_ == infinite &&
         window_ >= 2 * Duration(1s) && window_ < Duration(1h) && last_spent_ != TimePoint{} &&
         proven_burst_ < std::max(limit_ * longest_quantum, least_proof);
}

RateLimit::Spent RateLimit::spend(double amount, TimePoint now) {
  roll(now);
  const bool on_trial = doubt_ > 0 && level_ - doubt_ + tiny < amount;
  if (on_trial) doubt_ = std::max(0.0, level_ - amount);
  if (!scout_sent_) {
    scout_sent_ = now;
    // A window may begin with its first request instead of on the clock; a report of the clock's phase comes with its
    // answer.
    if (scouting_ && source_ == LimitSource::header) end_ = std::max(end_, now + window_ + margin(window_));
  }
  level_ -= amount;
  const double drained = limit_ / in_seconds(window_) * in_seconds(std::max(now - last_spent_, Duration{}));
  pressure_ = std::max(0.0, pressure_ - drained) + amount;
  last_spent_ = now;
  return {pressure_, on_trial};
}

void RateLimit::paced(TimePoint now) {
  roll(now);
  burst_ = 1;
  level_ = std::min(level_, 0.0);
}

void RateLimit::served(double pressure, TimePoint now) {
  proven_burst_ = std::max(proven_burst_, pressure);
  ++accepted_;
  if (source_ != LimitSource::rejection || !bucket_ || available(now) > capacity() / 2) return;
  if (++served_ % long_quiet == 0) growth_ = std::min(2 * growth_, cautious);
  limit_ *= 1 + (refused_at_ && limit_ > *refused_at_ * backoff * backoff ? growth_ : eager);
}

std::optional<Duration> RateLimit::full_for(double believed, TimePoint now) const {
  if (bucket_) return from_seconds(1 / rate());
  if (believed > limit_ / 2) return std::nullopt;  // it begins later than we thought
  return window_end(now) - now;
}

// It was empty at both rejections, so what was let through between them came in between them.
void RateLimit::refused(TimePoint sent) {
  const double factor = refused_at_ && served_ < soon ? plunge : backoff;
  const double time = in_seconds(sent - refused_sent_);
  const bool measured = refused_at_ && accepted_ >= enough_to_measure && time > 0;
  const double rate_then = accepted_ / std::max(time, tiny) * in_seconds(window_);
  const double limit = measured ? std::clamp(below * rate_then, factor * limit_, limit_) : factor * limit_;
  growth_ = measured ? std::max(growth_ / 2, surest) : cautious;
  refused_at_ = limit_;
  refused_sent_ = sent;
  served_ = 0;
  accepted_ = 0;
  set_limit(limit, source_);
}

double RateLimit::suspicion(double pressure) const {
  return bucket_ && pressure > proven_burst_ + tiny ? pressure / rate() : 0;
}

void RateLimit::give_back(double amount, TimePoint spent_at, TimePoint now) {
  roll(now);
  if (!bucket_ && spent_at < end_ - window_ - margin(window_)) return;  // that window is over
  level_ = std::min(capacity(), level_ + amount);
}

void RateLimit::lost(double amount, TimePoint spent_at, TimePoint now) {
  if (++lost_ < trust_at_) return;
  roll(now);
  if (!bucket_ && spent_at < end_ - window_ - margin(window_)) return;
  const double before = level_;
  level_ = std::min(capacity(), level_ + amount);
  doubt_ += level_ - before;
  pressure_ = std::max(0.0, pressure_ - amount);
}

// What was given back on trial had been counted after all.
void RateLimit::refuted(TimePoint now) {
  roll(now);
  level_ = std::min(level_ - doubt_, 0.0);
  doubt_ = 0;
  trust_at_ = lost_ + (first_distrust << std::min(counted_++, most_distrust));
}

void RateLimit::set_limit(double limit, LimitSource source) {
  limit = believable(limit);
  // A raise is there at once; after a cut the report's remaining says what is left.
  level_ = std::min(level_ + std::max(0.0, limit - limit_), limit);
  limit_ = limit;
  source_ = source;
  if (burst_ >= limit_) forget_burst();
}

void RateLimit::forget_burst() {
  burst_ = infinite;
  care_ = 0;
}

void RateLimit::become_window(TimePoint end) {
  bucket_ = false;
  forget_burst();
  relax_at_ = {};
  end_ = end;
}

// A bucket with `remaining` left is full again after (limit - remaining) / rate.
bool RateLimit::explains_bucket(double remaining, Duration reset, std::int64_t granularity) const {
  const double expected = (limit_ - remaining) / rate();
  return std::abs(in_seconds(reset) - expected) <= slack(window_) + static_cast<double>(granularity - 1) / rate();
}

// Headers lie: what cannot be is as if it had not been said.
LimitReport RateLimit::sane(LimitReport report) const {
  if (report.limit && *report.limit <= 0) report.limit.reset();
  if (report.remaining && *report.remaining < 0) report.remaining.reset();
  if (report.limit && report.remaining) report.remaining = std::min(*report.remaining, *report.limit);
  const bool possible = report.reset_after > std::optional(Duration{}) &&
                        in_seconds(*report.reset_after) <= in_seconds(window_) + slack(window_);
  if (!possible) report.reset_after.reset();
  report.granularity = std::max<std::int64_t>(report.granularity, 1);
  return report;
}

void RateLimit::observe(const LimitReport& told_report, const Answered& answered, TimePoint now) {
  const LimitReport report = sane(told_report);
  roll(now);
  const auto told_by = report.in_body ? LimitSource::body : LimitSource::header;
  const bool first = source_ != told_by;
  const double believed = level_;
  if (report.limit && static_cast<double>(*report.limit) != limit_) {
    set_limit(static_cast<double>(*report.limit), told_by);
  }
  source_ = told_by;
  if (!report.remaining) return;
  const auto remaining = static_cast<double>(*report.remaining);
  if (remaining > limit_) set_limit(remaining, told_by);

  bool resynchronised = first;
  if (report.reset_after) {
    const TimePoint end = now + *report.reset_after + lag_ + margin(window_);
    const double off = std::abs(in_seconds(end - end_));
    if (bucket_ && !explains_bucket(remaining, *report.reset_after, report.granularity)) {
      become_window(end);
      resynchronised = true;
    } else if (!bucket_ && report.bucket && off > slack(window_) &&
               explains_bucket(remaining, *report.reset_after, report.granularity)) {
      bucket_ = true;
      resynchronised = true;
    } else if (!bucket_) {
      // Whole seconds and the way back make it seem later than it is, so the earliest report of a window counts.
      const bool other_window = off > in_seconds(window_) / 4;
      resynchronised = resynchronised || other_window;
      end_ = other_window ? end : std::min(end_, end);
    }
  } else if (!bucket_ && answered.sent < end_ - window_ - margin(window_)) {
    return;  // speaks of a window that is over
  }

  if (answered.sent >= began_) scouting_ = false;
  const double rounding = report.granularity > 1 ? static_cast<double>(report.granularity) / 2 : 0;
  const double refilled = bucket_ ? rate() * in_seconds(now - answered.sent) : 0;
  const double rest = remaining - rounding - answered.unsettled + refilled;
  const double told = rest - answered.overdue;
  if (resynchronised) level_ = rest - answered.after;
  level_ = std::min(level_, told);
  if (has_quantum()) {
    // What is left of a minute says nothing of the second.
  } else if (dimension_ != Dimension::requests) {
    // Token estimates err; what the provider says is left and nobody under way can still take is ours.
    level_ = std::max(level_, told - answered.outstanding - rounding);
  } else if (bucket_ || answered.sent >= began_) {
    // What was lost on the way (a reset, a gateway's own error) was never counted there: once nothing is uncertain,
    // what is left is what it says.
    level_ = std::max(level_, remaining - answered.uncertain);
  }
  level_ = std::min(level_, capacity());
  doubt_ = std::max(0.0, doubt_ - std::max(0.0, believed - level_));
}

void RateLimit::rejected(const Answered& answered, std::optional<double> remaining, double believed,
                         Duration retry_after, TimePoint now) {
  if (answered.on_trial && in_seconds(retry_after) <= in_seconds(window_) + slack(window_)) return refuted(now);
  roll(now);
  const double wait = in_seconds(retry_after);
  const double expected = std::max(0.0, answered.need - remaining.value_or(0)) / rate();
  const TimePoint end = now + retry_after + margin(window_);
  const bool within = wait <= in_seconds(window_) + slack(window_);  // longer waits are not of this limit
  if (bucket_ && wait > expected + slack(window_) && within) {
    become_window(end);
  } else if (!bucket_) {
    // Refused right after we thought a new window had begun: the provider's begin later than announced.
    const Duration into = now - began_;
    if (answered.newest && into < window_ / 4 && in_seconds(retry_after) < slack(window_)) {
      lag_ = std::min<Duration>(lag_ + into + retry_after, window_ / 4);
    } else if (answered.newest && source_ == LimitSource::rejection) {
      // What went out before it in this window was let through, so that is the limit.
      const double before = limit_ - believed - answered.need;
      if (before >= limit_ / 2) set_limit(std::min(limit_, before), source_);
    }
    if (within) end_ = end;
  } else if (answered.newest && source_ == LimitSource::rejection) {
    refused(answered.sent);
  } else if (answered.newest && believed >= 1) {
    shrink_burst(answered, retry_after, now);
  }
  if (source_ == LimitSource::rejection) restrain(now);  // a guess: raised again in time
  level_ = std::min(level_, 0.0);
}

void RateLimit::shrink_burst(const Answered& answered, Duration retry_after, TimePoint now) {
  if (answered.on_trial) return refuted(now);
  const double pressure = answered.pressure;
  roll(now);
  if (!bucket_) return;
  // A bucket of `pressure` would have let it through, so the quantum is the whole number below, or as many tokens as
  // were served at once; from the second time on it is another kind of quantum.
  const double whole = pressure > 0 ? std::ceil(pressure - tiny) - 1 : std::floor(rate() * in_seconds(retry_after));
  const double deepest = dimension_ == Dimension::requests ? whole : std::min(proven_burst_, pressure / 2);
  if (burst_ < infinite) relax_after_ = std::min(2 * relax_after_, longest_relax);
  burst_ = std::max(1.0, std::min(std::floor(capacity() / 2), deepest));
  care_ = std::clamp(2 * care_, least_care, most_care);
  restrain(now);
  level_ = std::min(level_, 0.0);
}

void RateLimit::restrain(TimePoint now) {
  relax_at_ = now + window_ * relax_after_ * (has_quantum() ? quantum_lasts : 1);
}

bool RateLimit::vanished(Duration minute, TimePoint now) {
  if (source_ == LimitSource::body) return now - told_at_ >= forgotten_minutes * minute;
  return source_ == LimitSource::header && ++silent_ >= silent_answers && now - told_at_ >= silent_minutes * minute;
}

bool RateLimit::usable(TimePoint now) {
  const bool known = dimension_ >= Dimension::requests && dimension_ < Dimension::concurrency &&
                     source_ >= LimitSource::seed && source_ <= LimitSource::body;
  const bool sound = limit_ >= 1 && limit_ <= largest && window_ > Duration{} && window_ <= Duration(longest_window) &&
                     std::abs(level_) <= largest && care_ >= 0 && care_ <= most_care && proven_burst_ >= 0 &&
                     lag_ >= Duration{} && lag_ <= window_ && relax_after_ > 0 && relax_after_ <= longest_relax;
  if (!known || !sound) return false;
  // The clock may have been set back meanwhile.
  level_ = std::min(level_, capacity());
  updated_ = std::min(updated_, now);
  told_at_ = std::min(told_at_, now);
  end_ = std::min(end_, now + window_);
  relax_at_ = std::min(relax_at_, now + window_ * relax_after_ * quantum_lasts);
  return true;
}

void RateLimit::reseed(double limit, TimePoint now) {
  if (source_ != LimitSource::seed) return;
  roll(now);
  set_limit(limit, LimitSource::seed);
}

void RateLimit::merge(const RateLimit& other, TimePoint now) {
  roll(now);
  level_ = std::min(level_, other.available(now) - (capacity() - level_));
}
}  // namespace hivemind
