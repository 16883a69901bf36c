// limits.h - all limits of one pool, reserved together: every dimension or none.
// Invariants: a reservation is settled exactly once; outstanding() is zero when nothing is under way.
// Requests are charged when sent, for good (a refused request counts at many providers); tokens are settled on usage.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "core/rate_limit.h"
#include "core/scheduler_config.h"

namespace hivemind {

// How much of each limited dimension: requests, input_tokens, output_tokens, tokens.
using Amounts = std::array<double, 4>;
inline double& of(Amounts& a, Dimension d) { return a[static_cast<std::size_t>(d)]; }
inline double of(const Amounts& a, Dimension d) { return a[static_cast<std::size_t>(d)]; }

// What one attempt holds, from dispatch until it is settled.
struct Spending {
  std::uint64_t attempt = 0;
  TimePoint sent{};
  Amounts need{};
  Amounts spent_before{};         // by the pool, this attempt included
  Amounts outstanding_before{};   // of the pool, this attempt included
  std::vector<LimitReport> told;  // limits its response named that fell short or not, for a rejection that follows
  Amounts believed{};             // available when it was sent, after it
  int under_way = 1;              // in the pool, this attempt included
  std::array<RateLimit::Spent, 4> spent{};  // as RateLimit::spend told, by dimension
};

// How many requests want to go out before long, and how long the next of them bears to wait in all.
struct Crowd {
  double requests = 0;
  Duration patience = Duration::max();
};

class Limits {
public:
  struct Wait {
    TimePoint until;
    const RateLimit* limit = nullptr;  // nullptr: a cooldown
  };
  // What keeps `need` from being sent now; nullopt: nothing.
  std::optional<Wait> wait(const Amounts& need, TimePoint now, const Crowd& crowd = {}) const;
  Spending reserve(std::uint64_t attempt, const Amounts& need, TimePoint now);
  // `actual`: what the provider charged.
  void settle(const Spending& spending, const Amounts& actual, TimePoint now);

  void seed(const ProviderSeed& seed, Duration minute, TimePoint now);
  void observe(Spending& spending, std::span<const LimitReport> reports, Duration minute, TimePoint now);
  // A response head came, which named these: what no head names any more is forgotten, and learned again if it exists.
  void heard(std::span<const LimitReport> reports, Duration minute, TimePoint now);
  // A 429 that names a delay. Nothing goes out until then, at most for `longest`.
  void rejected(const Spending& spending, Duration retry_after, Duration minute, Duration longest, TimePoint now);
  // A 429 that names none, of a limit that only rejections told of: how long that will be; nullopt: there is none.
  std::optional<Duration> full_for(const Spending& spending, TimePoint now) const;
  // Nobody told a limit, and there was no room for so long after `before` requests had gone out within a minute.
  void learn_requests(double before, Duration full, Duration minute, TimePoint now);
  double sent_before(const Spending& spending, Duration minute) const;
  // It met a fault, perhaps before anybody counted it.
  void lost(const Spending& spending, TimePoint now);
  void cool_down(TimePoint until) { cooldown_ = std::max(cooldown_, until); }

  // A limit that its provider told and that is smaller than `amounts` even when it is full; nullptr: none.
  const RateLimit* smaller_than(const Amounts& amounts) const;

  // No cooldown lasts longer.
  void calm(TimePoint until) { cooldown_ = std::min(cooldown_, until); }

  // The share of a minute of the pool that `need` takes: what fairness counts in.
  double share(const Amounts& need, Duration minute) const;
  bool knows_requests() const { return find(Dimension::requests) != nullptr; }
  std::optional<TimePoint> cooldown(TimePoint now) const;
  const std::vector<RateLimit>& all() const { return limits_; }
  const Amounts& outstanding() const { return outstanding_; }
  // Both count against the same limits from now on. What is under way in either must be moved along by rebase().
  void merge(const Limits& other, TimePoint now);
  // Writes or reads what outlives a restart: what headers and rejections told, never what the configuration says.
  void fields(auto& io, TimePoint now);

  const Amounts& spent() const { return spent_; }
  static void rebase(Spending& spending, const Amounts& spent_elsewhere);

private:
  static constexpr std::size_t most_limits = 16;  // a provider names a handful
  const RateLimit* find(Dimension dimension) const;
  RateLimit* find(Dimension dimension);
  RateLimit* suspect(const Spending& spending, Duration retry_after, Duration minute, TimePoint now);
  void learn_requests(const Spending& spending, Duration retry_after, Duration minute, TimePoint now);
  RateLimit* find(Dimension dimension, Duration window);
  RateLimit::Answered answered(const Spending& spending, Dimension dimension, Duration window) const;
  double sent_after(const Spending& spending, Dimension dimension, Duration window) const;
  double uncertain_about(const Spending& spending, Dimension dimension, Duration window) const;

  struct Sent {
    TimePoint at;
    double spent;  // requests in all, this one included
  };
  std::vector<RateLimit> limits_;
  std::deque<Sent> recent_;
  Amounts spent_{}, outstanding_{};
  TimePoint cooldown_{};
  std::uint64_t last_sent_ = 0, corrected_ = 0;  // attempts up to corrected_ teach nothing new
  std::deque<TimePoint> sent_;                   // of the last minute, while no request limit is known
};

void Limits::fields(auto& io, TimePoint now) {
  auto count = static_cast<std::uint32_t>(std::count_if(
      limits_.begin(), limits_.end(), [](const RateLimit& l) { return l.source() != LimitSource::seed; }));
  io(count);
  if constexpr (std::remove_reference_t<decltype(io)>::reading) {
    for (std::uint32_t i = 0; i < count && io.ok(); ++i) {
      RateLimit limit(Dimension::requests, 1, Duration(1s), true, LimitSource::seed, now);
      limit.fields(io);
      if (!io.ok() || !limit.usable(now)) return io.fail();
      if (auto* known = find(limit.dimension(), limit.window()))
        *known = limit;
      else if (limits_.size() < most_limits)
        limits_.push_back(limit);
    }
  } else {
    for (auto& limit : limits_) {
      if (limit.source() != LimitSource::seed) limit.fields(io);
    }
  }
  io(cooldown_);
}
}  // namespace hivemind
