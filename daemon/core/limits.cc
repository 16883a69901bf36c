#include "core/limits.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/seconds.h"

namespace hivemind {
namespace {
constexpr std::array dimensions{Dimension::requests, Dimension::input_tokens, Dimension::output_tokens,
                                Dimension::tokens};
constexpr std::size_t index_of(Dimension d) { return static_cast<std::size_t>(d); }
constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr std::size_t longest_memory = 10000;  // dispatches remembered to learn a limit nobody told
constexpr double shortest_wait = 1e-3;         // seconds; a retry at once says nothing of a rate
constexpr int overtaking = 200;                // a share of the window: how far apart requests may overtake each other
constexpr int enough_to_learn = 4;             // requests that went well in a window before its rejection
// So short a wait is a bucket's, for one more; a longer one is the rest of a window.
bool is_moment(Duration wait, Duration minute) { return in_seconds(wait) <= in_seconds(minute) / 6 + 1; }
// A moment's wait is nothing of a day's limit that is believed to have room.
bool is_far(const RateLimit& limit, double need, Duration wait, Duration minute, TimePoint now) {
  return limit.window() > minute && is_moment(wait, minute) && limit.available(now) >= need;
}
// Without any limit known, fairness counts as if these were it.
constexpr double usual_requests = 60, usual_tokens = 100'000;
}  // namespace

std::optional<Limits::Wait> Limits::wait(const Amounts& need, TimePoint now, const Crowd& crowd) const {
  std::optional<Wait> longest;
  if (now < cooldown_) longest = Wait{cooldown_, nullptr};
  for (const auto& limit : limits_) {
    const TimePoint ready = std::max(limit.ready_at(of(need, limit.dimension()), now),
                                     limit.evenly_at(crowd.requests, crowd.patience, now));
    if (ready > now && (!longest || ready > longest->until)) longest = Wait{ready, &limit};
  }
  return longest;
}

Spending Limits::reserve(std::uint64_t attempt, const Amounts& need, TimePoint now) {
  for (const Dimension d : dimensions) {
    of(spent_, d) += of(need, d);
    of(outstanding_, d) += of(need, d);
  }
  Spending spending{.attempt = attempt,
                    .sent = now,
                    .need = need,
                    .spent_before = spent_,
                    .outstanding_before = outstanding_,
                    .told = {},
                    .believed = {},
                    .spent = {}};
  for (auto& limit : limits_) {
    const auto spent = limit.spend(of(need, limit.dimension()), now);
    auto& told = spending.spent[index_of(limit.dimension())];
    auto& believed = of(spending.believed, limit.dimension());
    const double left = limit.available(now);
    believed = told.pressure == 0 ? left : std::min(believed, left);
    if (told.pressure == 0) told = spent;
  }
  last_sent_ = attempt;
  recent_.push_back({now, of(spent_, Dimension::requests)});
  if (recent_.size() > longest_memory) recent_.pop_front();
  if (!knows_requests()) {
    sent_.push_back(now);
    if (sent_.size() > longest_memory) sent_.pop_front();
  }
  return spending;
}

void Limits::settle(const Spending& spending, const Amounts& actual, TimePoint now) {
  for (const Dimension d : dimensions) {
    const double unused = d == Dimension::requests ? 0 : of(spending.need, d) - of(actual, d);
    of(outstanding_, d) -= of(spending.need, d);
    of(spent_, d) -= unused;
    if (of(actual, d) > 0) {
      if (auto* limit = find(d)) limit->served(spending.spent[index_of(d)].pressure - std::max(0.0, unused), now);
    }
    if (unused == 0) continue;
    for (auto& limit : limits_) {
      if (limit.dimension() == d) limit.give_back(unused, spending.sent, now);
    }
  }
}

void Limits::seed(const ProviderSeed& seed, Duration minute, TimePoint now) {
  const std::pair<Dimension, std::optional<std::int64_t>> seeds[] = {
      {Dimension::requests, seed.requests_per_minute},
      {Dimension::input_tokens, seed.input_tokens_per_minute},
      {Dimension::output_tokens, seed.output_tokens_per_minute},
      {Dimension::tokens, seed.tokens_per_minute},
  };
  for (const auto& [dimension, per_minute] : seeds) {
    auto* known = find(dimension, minute);
    if (!per_minute) {
      std::erase_if(limits_, [&](const RateLimit& l) { return &l == known && l.source() == LimitSource::seed; });
    } else if (known) {
      known->reseed(static_cast<double>(*per_minute), now);
    } else {
      limits_.emplace_back(dimension, static_cast<double>(*per_minute), minute, true, LimitSource::seed, now);
    }
  }
}

// What attempts sent after this one took and its answer cannot speak of. Requests overtake each other on the way: those
// that were sent within a moment of it may be in what its answer says is left, and are ours to count anyway.
double Limits::sent_after(const Spending& spending, Dimension d, Duration window) const {
  const double after = of(spent_, d) - of(spending.spent_before, d);
  if (d != Dimension::requests || recent_.empty() || spending.sent < recent_.front().at) return after;
  const auto overtaken = std::upper_bound(recent_.begin(), recent_.end(), spending.sent + window / overtaking,
                                          [](TimePoint t, const Sent& s) { return t < s.at; });
  return std::min(after, of(spent_, d) - std::prev(overtaken)->spent);
}

// What its answer may not speak of yet: everything sent after it, everybody else who has no answer, and who was sent so
// shortly before it that it may have been overtaken.
double Limits::uncertain_about(const Spending& spending, Dimension d, Duration window) const {
  const double after = of(spent_, d) - of(spending.spent_before, d);
  const double others = of(outstanding_, d) - of(spending.need, d);
  const auto first = std::lower_bound(recent_.begin(), recent_.end(), spending.sent - window / (10 * overtaking),
                                      [](const Sent& s, TimePoint t) { return s.at < t; });
  const double before = first == recent_.begin() ? 0 : std::prev(first)->spent;
  return after + others + std::max(0.0, of(spending.spent_before, d) - of(spending.need, d) - before);
}

RateLimit::Answered Limits::answered(const Spending& spending, Dimension d, Duration window) const {
  // Output is charged as it is produced: a response head speaks of none of what was under way.
  const double unsettled = d == Dimension::output_tokens ? of(spending.outstanding_before, d) : 0;
  return {.sent = spending.sent,
          .need = of(spending.need, d),
          .after = of(spent_, d) - of(spending.spent_before, d),
          .overdue = sent_after(spending, d, window),
          .uncertain = uncertain_about(spending, d, window),
          .unsettled = unsettled,
          .outstanding = of(outstanding_, d),
          .newest = spending.attempt > corrected_,
          .pressure = spending.spent[index_of(d)].pressure,
          .on_trial = spending.spent[index_of(d)].on_trial};
}

void Limits::observe(Spending& spending, std::span<const LimitReport> reports, Duration minute, TimePoint now) {
  spending.told.assign(reports.begin(), reports.end());
  // Of two that name the same limit (two families of headers at once) the tighter counts.
  const auto looser = [&](const LimitReport& report) {
    return std::any_of(reports.begin(), reports.end(), [&](const LimitReport& other) {
      if (&other == &report || other.dimension != report.dimension || other.window != report.window) return false;
      constexpr auto none = std::numeric_limits<std::int64_t>::max();
      const auto mine = std::pair(report.remaining.value_or(none), report.limit.value_or(none));
      const auto theirs = std::pair(other.remaining.value_or(none), other.limit.value_or(none));
      return theirs < mine || (theirs == mine && &other < &report);
    });
  };
  for (const auto& report : reports) {
    if (report.dimension >= Dimension::concurrency || report.window <= Duration{} || looser(report)) continue;
    const Duration window = scaled(report.window, in_seconds(minute) / 60);
    auto* limit = find(report.dimension, window);
    if (!limit) {
      const auto named = report.limit ? report.limit : report.remaining;
      if (!named || *named <= 0 || limits_.size() >= most_limits) continue;
      limits_.emplace_back(report.dimension, static_cast<double>(*named), window, report.bucket, LimitSource::seed,
                           now);
      limit = &limits_.back();
      sent_.clear();
    }
    limit->observe(report, answered(spending, report.dimension, window), now);
    limit->told(now);
  }
}

void Limits::heard(std::span<const LimitReport> reports, Duration minute, TimePoint now) {
  std::erase_if(limits_, [&](RateLimit& limit) {
    const bool named = std::any_of(reports.begin(), reports.end(), [&](const LimitReport& report) {
      return report.dimension == limit.dimension() && scaled(report.window, in_seconds(minute) / 60) == limit.window();
    });
    return !named && limit.vanished(minute, now);
  });
}

void Limits::rejected(const Spending& spending, Duration retry_after, Duration minute, Duration longest,
                      TimePoint now) {
  cool_down(now + std::min(retry_after, longest));
  bool found = false, known = false;
  for (auto& limit : limits_) {
    const auto told = std::find_if(spending.told.begin(), spending.told.end(), [&](const LimitReport& r) {
      return r.dimension == limit.dimension() && r.remaining &&
             scaled(r.window, in_seconds(minute) / 60) == limit.window();
    });
    const auto as = answered(spending, limit.dimension(), limit.window());
    const bool far = is_far(limit, as.need, retry_after, minute, now);
    const bool silent = told == spending.told.end();
    const bool is_short = silent ? limit.dimension() == Dimension::requests && spending.told.empty() && !far
                                 : static_cast<double>(*told->remaining) < as.need;
    if (is_short) {
      const auto remaining = silent ? std::nullopt : std::optional(static_cast<double>(*told->remaining));
      limit.rejected(as, remaining, of(spending.believed, limit.dimension()), retry_after, now);
      found = true;
    } else if (limit.dimension() == Dimension::requests) {
      known = true;
    }
  }
  if (!found && known && is_moment(retry_after, minute) && spending.attempt > corrected_) {
    if (auto* hidden = suspect(spending, retry_after, minute, now))
      hidden->shrink_burst(answered(spending, hidden->dimension(), hidden->window()), retry_after, now);
  }
  if (!found && !known && spending.attempt > corrected_ && retry_after <= minute + minute / 4)
    learn_requests(spending, retry_after, minute, now);
  corrected_ = last_sent_;
}

// All limits claim to have had room, so one of them is enforced by the second: that which was drawn on harder than
// ever.
RateLimit* Limits::suspect(const Spending& spending, Duration retry_after, Duration minute, TimePoint now) {
  RateLimit* suspect = nullptr;
  double most = 0;
  for (auto& limit : limits_) {
    if (is_far(limit, of(spending.need, limit.dimension()), retry_after, minute, now)) continue;
    if (!suspect && limit.dimension() == Dimension::requests) suspect = &limit;
    const auto& spent = spending.spent[index_of(limit.dimension())];
    const double suspicion = spent.on_trial ? infinite : limit.suspicion(spent.pressure);
    if (suspicion <= most) continue;
    most = suspicion;
    suspect = &limit;
  }
  return suspect;
}

// A header tells whether it was counted, but never of a shorter quantum.
void Limits::lost(const Spending& spending, TimePoint now) {
  for (auto& limit : limits_) {
    if (limit.dimension() != Dimension::requests || (!spending.told.empty() && !limit.has_quantum())) continue;
    limit.lost(of(spending.need, Dimension::requests), spending.sent, now);
  }
}

// Nobody tells the limit. A moment's wait is the time that a bucket needs for one more; a longer one ends a window, and
// what went out since it began was it (few may be somebody else's doing).
void Limits::learn_requests(const Spending& spending, Duration retry_after, Duration minute, TimePoint now) {
  const Duration rounded_up = retry_after % Duration(1s) == Duration{} ? Duration(1s) : Duration{};
  const TimePoint begin = now + retry_after - minute - rounded_up - minute / 600;
  const auto before = static_cast<double>(
      std::count_if(sent_.begin(), sent_.end(), [&](TimePoint t) { return t >= begin && t <= spending.sent; }) - 1);
  if (!is_moment(retry_after, minute)) {
    if (before < enough_to_learn) return;
    limits_.emplace_back(Dimension::requests, before, minute, true, LimitSource::rejection, now);
    limits_.back().rejected(answered(spending, Dimension::requests, minute), std::nullopt, 0, retry_after, now);
    sent_.clear();
  } else {
    learn_requests(before, retry_after, minute, now);
  }
}

void Limits::learn_requests(double before, Duration full, Duration minute, TimePoint now) {
  const bool moment = is_moment(full, minute);
  if (knows_requests() || limits_.size() >= most_limits || (!moment && before < enough_to_learn)) return;
  const double pace = in_seconds(minute) / std::max(in_seconds(full), shortest_wait);
  limits_.emplace_back(Dimension::requests, moment ? std::max(pace, before / 2) : before, minute, moment,
                       LimitSource::rejection, now);
  if (moment) limits_.back().paced(now);
  sent_.clear();
}

double Limits::sent_before(const Spending& spending, Duration minute) const {
  return static_cast<double>(
      std::count_if(sent_.begin(), sent_.end(),
                    [&](TimePoint t) { return t > spending.sent - minute && t <= spending.sent; }) -
      1);
}

std::optional<Duration> Limits::full_for(const Spending& spending, TimePoint now) const {
  const RateLimit* limit = find(Dimension::requests);
  if (!limit || limit->source() != LimitSource::rejection) return std::nullopt;
  return limit->full_for(of(spending.believed, Dimension::requests), now);
}

const RateLimit* Limits::smaller_than(const Amounts& amounts) const {
  const auto found = std::find_if(limits_.begin(), limits_.end(), [&](const RateLimit& limit) {
    return (limit.source() == LimitSource::header || limit.source() == LimitSource::body) &&
           of(amounts, limit.dimension()) > limit.limit();
  });
  return found == limits_.end() ? nullptr : &*found;
}

double Limits::share(const Amounts& need, Duration minute) const {
  double share = 0;
  for (const auto& limit : limits_) {
    if (limit.window() != minute) continue;
    share = std::max(share, of(need, limit.dimension()) / limit.limit());
  }
  if (share > 0) return share;
  return std::max(1 / usual_requests,
                  (of(need, Dimension::input_tokens) + of(need, Dimension::output_tokens)) / usual_tokens);
}

std::optional<TimePoint> Limits::cooldown(TimePoint now) const {
  return now < cooldown_ ? std::optional(cooldown_) : std::nullopt;
}

void Limits::merge(const Limits& other, TimePoint now) {
  for (const auto& theirs : other.limits_) {
    if (auto* ours = find(theirs.dimension(), theirs.window()))
      ours->merge(theirs, now);
    else
      limits_.push_back(theirs);
  }
  for (const Dimension d : dimensions) {
    of(spent_, d) += of(other.spent_, d);
    of(outstanding_, d) += of(other.outstanding_, d);
  }
  recent_.clear();  // two histories do not make one order
  cool_down(other.cooldown_);
}

void Limits::rebase(Spending& spending, const Amounts& spent_elsewhere) {
  for (const Dimension d : dimensions) of(spending.spent_before, d) += of(spent_elsewhere, d);
}

const RateLimit* Limits::find(Dimension dimension) const {
  for (const auto& limit : limits_) {
    if (limit.dimension() == dimension) return &limit;
  }
  return nullptr;
}

RateLimit* Limits::find(Dimension dimension) { return const_cast<RateLimit*>(std::as_const(*this).find(dimension)); }

RateLimit* Limits::find(Dimension dimension, Duration window) {
  for (auto& limit : limits_) {
    if (limit.dimension() == dimension && limit.window() == window) return &limit;
  }
  return nullptr;
}
}  // namespace hivemind
