// ahead_of_turn.h - waiting requests whose prompts their provider is about to forget, and how much may go before its
// turn for that.
// Invariants: of what a pool sends, at most `burst` (of its minute) and `share` of all that went in turn meanwhile goes
// before its turn. So whoever would have waited for work W waits for at most (1 + share) W + burst, under any policy.
// Every change is O(log n).
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>

#include "core/time.h"

namespace hivemind {

class AheadOfTurn {
public:
  static constexpr double share = 0.1, burst = 0.25;
  static constexpr std::size_t bands = 4;

  // From `from` on the request may go ahead of its band, and of lower ones.
  void add(std::uint64_t request, int band, TimePoint from) { of(band).emplace(from, request); }
  void remove(std::uint64_t request, int band, TimePoint from) { of(band).erase({from, request}); }

  // The one that has been due longest, of bands up to `band`.
  std::optional<std::uint64_t> due(int band, TimePoint now) const;
  // When the next one is.
  std::optional<TimePoint> next(TimePoint now) const;

  bool allows(double cost) const { return cost <= credit_; }
  void went_ahead(double cost) {
    credit_ -= cost;
    ++count_;
  }
  void went_in_turn(double cost);
  double usual_cost() const { return usual_cost_; }  // of what went in turn
  // Costs are reckoned anew: each is so many times what it was.
  void rescale(double factor) { usual_cost_ *= factor; }
  std::uint64_t count() const { return count_; }

private:
  using Waiting = std::set<std::pair<TimePoint, std::uint64_t>>;
  Waiting& of(int band) { return waiting_[index(band)]; }
  static std::size_t index(int band) { return band < 0 ? 0 : std::min(static_cast<std::size_t>(band), bands - 1); }

  std::array<Waiting, bands> waiting_;
  double credit_ = burst, usual_cost_ = 0;
  std::uint64_t count_ = 0;
};
}  // namespace hivemind
