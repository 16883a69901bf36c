// rate_limit.h - one limit of a provider as we believe it: so much of one dimension per window, refilled continuously
// (a bucket) or all at once when the window ends.
// Invariant: available() <= capacity(); what is spent comes back only when the provider would refill it.
// `now` never goes back between calls.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

#include "core/signals.h"

namespace hivemind {

// body: an error named it, and heads are not expected to.
enum class LimitSource { seed, header, rejection, body };
const char* to_string(LimitSource source);

class RateLimit {
public:
  // `window` is real time: the provider's, scaled by the configured minute.
  RateLimit(Dimension dimension, double limit, Duration window, bool bucket, LimitSource source, TimePoint now);

  Dimension dimension() const { return dimension_; }
  LimitSource source() const { return source_; }
  Duration window() const { return window_; }
  bool bucket() const { return bucket_; }
  double limit() const { return limit_; }
  bool has_quantum() const { return std::isfinite(burst_); }  // it proved shorter than the window
  double capacity() const;                // the most that can go out at once: a learned burst, else the limit
  double available(TimePoint now) const;  // negative when settled usage exceeded what was reserved
  TimePoint window_end(TimePoint now) const;

  // When `amount` can be spent. More than fits at all can be spent once everything is there.
  TimePoint ready_at(double amount, TimePoint now) const;
  // When `wanted` requests, more than a window has left, are let out evenly instead of all at once, because whoever
  // misses two beginnings of a window in a row has waited longer than `patience`.
  TimePoint evenly_at(double wanted, Duration patience, TimePoint now) const;
  struct Spent {
    double pressure = 0;    // at the provider's door: how deep a bucket it takes to let all of the latest ones through
    bool on_trial = false;  // it is there only if lost() was right
  };
  Spent spend(double amount, TimePoint now);
  // What was reserved at `spent_at` was more than needed; negative: less.
  void give_back(double amount, TimePoint spent_at, TimePoint now);
  // What was spent then met a fault without a word of limits: most likely nobody counted it. It may be spent again on
  // trial; a rejection of that teaches otherwise for a good while.
  void lost(double amount, TimePoint spent_at, TimePoint now);

  // The attempt that a report or a rejection answers: what it and its successors took of this dimension.
  static constexpr double infinitely_many = std::numeric_limits<double>::infinity();
  struct Answered {
    TimePoint sent;
    double need = 0;                     // what it reserved
    double after = 0;                    // spent by attempts sent after it
    double overdue = 0;                  // of these, what its answer cannot count: sent too late to have overtaken it
    double uncertain = infinitely_many;  // of others, which its answer may not count yet
    double unsettled = 0;                // reserved when it was sent and charged by the provider only as it is produced
    double outstanding = 0;              // reserved now and not settled: may not have been charged yet
    bool newest = true;                  // not sent before a correction of the same kind
    double pressure = 0;                 // as spend() told; 0: unknown
    bool on_trial = false;
  };
  void observe(const LimitReport& report, const Answered& answered, TimePoint now);
  // A 429 of this limit that names a delay. `remaining`: what it said was left, if anything. `believed`: what we
  // thought was left when it was sent. Corrects the kind, the phase or the burst, so that it does not happen again.
  void rejected(const Answered& answered, std::optional<double> remaining, double believed, Duration retry_after,
                TimePoint now);
  // Rejected without a word, when so much was believed to be left: how long until there is room; nullopt: no saying.
  std::optional<Duration> full_for(double believed, TimePoint now) const;
  // Capacity was left, yet it was refused for a moment: the provider enforces a shorter quantum than the window.
  void shrink_burst(const Answered& answered, Duration retry_after, TimePoint now);
  // A rejection told of it, as the time that one more takes: one at a time, at that pace.
  void paced(TimePoint now);
  // How long it takes to refill `pressure`, if it was never served under as much: what a rejection nobody explains is
  // most likely about. Zero: it is not about this limit.
  double suspicion(double pressure) const;
  // The attempt that spent under that pressure was served: no quantum is shorter. A limit that only rejections tell of
  // is raised a little.
  void served(double pressure, TimePoint now);

  // Named by a response just now.
  void told(TimePoint now) { told_at_ = now, silent_ = 0; }
  // A response came that did not name it. True when it is gone: unnamed for long and by many.
  bool vanished(Duration minute, TimePoint now);

  // Writes or reads what outlives a restart.
  void fields(auto& io);
  // False: what was read cannot be a limit.
  bool usable(TimePoint now);

  void reseed(double limit, TimePoint now);
  void merge(const RateLimit& other, TimePoint now);

private:
  LimitReport sane(LimitReport report) const;
  void roll(TimePoint now);
  void set_limit(double limit, LimitSource source);
  void become_window(TimePoint end);
  void forget_burst();
  void refused(TimePoint sent);
  void refuted(TimePoint now);
  void restrain(TimePoint now);
  bool unproven() const;
  bool waits_for_scout(TimePoint now) const;
  bool explains_bucket(double remaining, Duration reset, std::int64_t granularity) const;
  double rate() const;  // per second

  Dimension dimension_;
  double limit_;
  Duration window_;
  bool bucket_;
  LimitSource source_;
  double level_;
  TimePoint updated_;  // bucket: when level_ held. Window: meaningless
  TimePoint end_;      // window: when it is full again
  Duration lag_{};     // window: how much later than announced the provider's windows begin
  TimePoint began_{};  // window: when we took the current one to have begun
  // The first request of a new window goes ahead alone for a moment: a beginning believed a millisecond early would
  // cost as many rejections as go out at once.
  bool scouting_ = false;
  std::optional<TimePoint> scout_sent_;
  double burst_;                               // learned; infinite until then
  double doubt_ = 0;                           // of level_: what lost() gave back and nothing has proven yet
  int lost_ = 0, counted_ = 0, trust_at_ = 0;  // faults; trials refused; faults until the next trial
  double care_ = 0;  // with a burst: share of the rate kept back, since the way to the provider varies
  TimePoint relax_at_{};
  int relax_after_ = 10;  // windows; longer each time that it proved too early
  double pressure_ = 0, proven_burst_ = 0;
  TimePoint last_spent_{};
  std::optional<double> refused_at_;  // source rejection: the rate that was too much
  int served_ = 0;                    // since then, that used it up
  TimePoint refused_sent_{};
  double accepted_ = 0;  // since then, in all
  double growth_;        // by each that is served
  TimePoint told_at_{};
  int silent_ = 0;  // responses since then that did not name it
};

void RateLimit::fields(auto& io) {
  double burst = std::isfinite(burst_) ? burst_ : -1, refused = refused_at_.value_or(-1);
  io(dimension_), io(source_), io(bucket_);
  io(limit_), io(level_), io(burst), io(care_), io(proven_burst_), io(refused);
  io(window_), io(lag_), io(updated_), io(end_), io(relax_at_), io(told_at_);
  io(relax_after_);
  if constexpr (std::remove_reference_t<decltype(io)>::reading) {
    burst_ = burst < 1 ? std::numeric_limits<double>::infinity() : burst;
    refused_at_ = refused > 0 ? std::optional(refused) : std::nullopt;
  }
}
}  // namespace hivemind
