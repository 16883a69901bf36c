// utilisation_window.h - one long window of an account (five hours, a day, a week) of which its provider tells only the
// share that is used. Learns what a token adds to that share, and spreads what is left over the time that is left when
// it would be used up sooner.
// Invariants: nothing told of a window outlives its end; a rejection is believed for `longest` at most before somebody
// looks again; used() is never below what was told. Costs are cumulative, in any unit, and `now` never goes back.
#pragma once
#include <optional>

#include "core/signals.h"

namespace hivemind {

class UtilisationWindow {
public:
  UtilisationWindow(Duration length, bool model_only, TimePoint now);

  Duration length() const { return length_; }
  bool model_only() const { return model_only_; }
  TimePoint end() const { return end_; }

  // An answer to the request that went out when `sent` had been spent, itself included.
  void observe(double used, std::optional<Duration> reset_after, double sent, TimePoint now);
  void reject(Duration wait, double sent, Duration longest, TimePoint now);
  // A request of that cost goes out. `from`: the share from which what is left is spread.
  void spend(double cost, double spent, double from, Duration longest, TimePoint now);

  // Rejected: until it ends, or until somebody may look whether it still is so.
  std::optional<TimePoint> closed_until(TimePoint now) const;
  // When the next request is due; nullopt: nothing to spread.
  std::optional<TimePoint> paced_until(double spent, double from, TimePoint now) const;
  double used(double spent, TimePoint now) const;
  // At the speed of the latest traffic, if that is before its end.
  std::optional<Duration> exhausted_in(double spent, TimePoint now) const;

  // The same window as another pool was told of it: the tighter counts.
  void merge(const UtilisationWindow& other, TimePoint now);
  // Two pools' spending is counted together from now on; it comes to `spent`.
  void rebase(double spent) { told_sent_ = anchor_sent_ = rejected_sent_ = spent; }

  // Writes or reads what outlives a restart, and whether that can be a window.
  void fields(auto& io);
  bool usable(TimePoint now);

private:
  bool spreads(double used, double from, TimePoint now) const;
  double per_cost() const { return cost_ > 0 ? gained_ / cost_ : 0; }
  void begin_anew(double used, double sent, TimePoint now);

  Duration length_;
  bool model_only_;
  double told_ = 0, told_sent_ = 0;  // the largest share of this window, and what had been spent by then
  TimePoint end_;
  bool end_told_ = false;
  // How shares, costs and time went together lately; from the anchor on it is not yet counted.
  double gained_ = 0, cost_ = 0, seconds_ = 0;
  double anchor_used_ = 0, anchor_sent_ = 0;
  TimePoint anchor_at_{};
  bool anchored_ = false;
  TimePoint due_{};           // of the next request while spreading
  TimePoint closed_until_{};  // rejected until then
  TimePoint look_at_{};       // rejected, yet one may go out
  double rejected_sent_ = 0;  // older answers do not lift it
};

void UtilisationWindow::fields(auto& io) {
  io(length_), io(model_only_), io(told_), io(end_), io(end_told_), io(gained_), io(cost_), io(seconds_);
  io(closed_until_), io(look_at_);
}
}  // namespace hivemind
