// pool.h - what shares limits: one provider, account and model class. Holds its limits, admission, breakers and queue.
// Invariants: in_flight() <= the admission window at every dispatch; nothing is sent that gate() does not let through.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "core/acceleration.h"
#include "core/ahead_of_turn.h"
#include "core/aimd.h"
#include "core/breaker.h"
#include "core/lead_time.h"
#include "core/limits.h"
#include "core/long_windows.h"
#include "core/prompt_caches.h"
#include "core/retry_policy.h"
#include "core/run_queue.h"
#include "core/turn_holds.h"
#include "core/unnamed_rejections.h"
#include "core/usage_history.h"

namespace hivemind {

// What keeps the first request of a pool waiting.
struct Gate {
  enum class Kind { open, cooldown, overload, fault, quota, concurrency, limit, window, pace, acceleration, hold };
  Kind kind = Kind::open;
  TimePoint until = TimePoint::max();  // opens by itself then; max: only by an event
  Dimension dimension{};               // with Kind::limit
  const UtilisationWindow* window{};   // with Kind::window and pace
  const RateLimit* limit{};            // with Kind::limit
};

class Pool {
public:
  Pool(std::string provider, std::string account, std::string model_class, const SchedulerConfig& config,
       TimePoint now);
  void configure(const SchedulerConfig& config, TimePoint now);

  // `patience`: how long the request bears to wait in all.
  Gate gate(const Amounts& need, Duration patience, const SchedulerConfig& config, TimePoint now) const;
  // Whether the slots that are left are held for others than `item`.
  Gate held(const RunQueue::Item& item, const SchedulerConfig& config, TimePoint now);
  // What is left of a long window is spread, though nobody misses its deadline for it: `deadline` is of the first of
  // those who wait.
  Gate paced(TimePoint deadline, const SchedulerConfig& config, TimePoint now) const;
  Spending sent(std::uint64_t attempt, const Amounts& need, const SchedulerConfig& config, TimePoint now);
  void ended(TimePoint now);  // an attempt's slot is free again

  // By what factor a request's share of the pool's minute differs from when this was asked last; nullopt: hardly.
  std::optional<double> rescaled(const SchedulerConfig& config);

  void answered();  // a head, whatever it says
  void observe(Spending& spending, std::span<const LimitReport> reports, const SchedulerConfig& config, TimePoint now);
  void succeeded(const Spending& spending, const SchedulerConfig& config, TimePoint now);  // content came
  // `Told`: it was a breaker's probe; when the next one may go, if a breaker is open now.
  struct Told {
    bool probe = false;
    std::optional<TimePoint> probe_at;
  };
  Told failed(const Spending& spending, const Failure& failure, const SchedulerConfig& config, Jitter& jitter,
              TimePoint now);
  // Told nothing of the provider's health: the client left, or erred.
  void undecided(std::uint64_t attempt, TimePoint now);

  const std::string& provider() const { return provider_; }
  const std::string& account() const { return account_; }
  const std::string& model_class() const { return model_class_; }
  int in_flight() const { return in_flight_; }
  const Aimd& aimd() const { return aimd_; }
  std::string breaker(TimePoint now) const;

  // `other` was found to share these limits; its waiting requests are the caller's to move.
  void merge(const Pool& other, TimePoint now);
  void rename(std::string account) { account_ = std::move(account); }

  // Writes or reads what outlives a restart.
  void fields(auto& io, const SchedulerConfig& config, TimePoint now) {
    io(organisation), io(used_at);
    limits.fields(io, now);
    limits.calm(now + config.max_cooldown);
    windows.fields(io, now);
    history.fields(io);
    used_at = std::min(used_at, now);
  }

  const Acceleration& acceleration() const { return acceleration_; }
  // What was spent of long windows: tokens, and a little for each request.
  double spent() const { return weighed(limits.spent()); }

  Limits limits;
  LongWindows windows;
  RunQueue queue;
  TurnHolds holds;
  RetryBudget retries;
  UsageHistory history;
  PromptCaches caches;
  LeadTime lead_time;
  AheadOfTurn ahead;
  std::uint64_t learned = 0;  // times history grew: guesses made before are stale
  std::string organisation;   // as responses name it; empty: not seen
  std::uint64_t rate_limited = 0, overloads = 0, faults = 0;
  // Not looked at before then, unless something happened to it (`changed`).
  TimePoint blocked_until = TimePoint::max();
  bool changed = false, listed = false;
  struct Held {
    std::uint64_t request = 0;
    Gate::Kind gate = Gate::Kind::open;
    Dimension dimension{};
    bool operator==(const Held&) const = default;
  } held_told;              // the latest hold that was noted
  TimePoint closed_told{};  // until then a long window is closed, and who cannot wait so long was turned away
  std::size_t users = 0;    // requests anywhere that belong to it
  TimePoint used_at{};

private:
  static double weighed(const Amounts& amounts);
  void limited_unnamed(const Spending& spending, const SchedulerConfig& config, TimePoint now);
  void limited(const Spending& spending, const Failure& failure, const SchedulerConfig& config, Jitter& jitter,
               TimePoint now);

  std::string provider_, account_, model_class_;
  Aimd aimd_;
  Acceleration acceleration_;
  Breaker overload_, fault_;
  // The account has none left for longer than anybody waits, as last seen: one at a time, and each gets the provider's
  // own answer.
  bool quota_ = false;
  int in_flight_ = 0;
  double scale_ = 0;   // the share of an ordinary request
  double faulty_ = 0;  // share of the latest attempts that met a fault or an overload
  std::uint64_t last_sent_ = 0;
  TimePoint sent_at_{};  // the latest
  UnnamedRejections unnamed_;
  double before_unnamed_ = 0;  // requests that went well in the minute before the first of them
};

const ProviderSeed& seed_of(const SchedulerConfig& config, const std::string& provider);
}  // namespace hivemind
