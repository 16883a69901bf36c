// flow_order.h - flows in the order they go next: priority bands, inside a band as the policy says, then arrival.
// A band climbs one level per aging step that its oldest waits, as a whole: age decides between priorities, never among
// equals, where it would undo the policy just when queues are long. Bands that meet on a level share it by weight.
// Invariants: exactly the backlogged flows are in it, each under the key it had when last entered or rekeyed; every
// change is O(log n).
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <tuple>

#include "core/order_policy.h"

namespace hivemind {

using FlowKey = std::tuple<double, std::int64_t, Flow*>;
struct OrderedFlow : Flow {
  std::set<FlowKey>::iterator at;                       // while backlogged
  int placed = 0, home = 0;                             // the band it is in; the one whose policy its tag belongs to
  std::set<std::pair<TimePoint, Flow*>>::iterator age;  // in a band that climbs
};

class FlowOrder {
public:
  static constexpr int bands = 4, overdue = bands;  // overdue: waited too long for any policy, oldest first

  // `banded` false: by arrival alone.
  FlowOrder(const OrderPolicy& policy, bool banded, Duration aging_step);

  // `flow` has something waiting: its first request's members and `queued` are set.
  void enter(OrderedFlow& flow);
  void leave(OrderedFlow& flow);
  // Something of the flow changed.
  void rekey(OrderedFlow& flow);
  void served(OrderedFlow& flow, double cost);
  void correct(OrderedFlow& flow, double extra);
  // Call when the tags of all its flows have been scaled, and rekey() them then.
  void rescale(double factor);
  bool may_forget(const OrderedFlow& flow) const { return of(flow.home).policy->may_forget(flow); }

  OrderedFlow* first(TimePoint now);
  bool empty() const { return size_ == 0; }
  const OrderPolicy& policy() const { return *bands_[0].policy; }
  // An order of the same state without its flows, for a copy of each to join by adopt().
  FlowOrder without_flows() const;
  void adopt(OrderedFlow& flow) { insert(flow); }

private:
  struct Band {
    std::unique_ptr<OrderPolicy> policy;
    std::set<FlowKey> order;
    std::set<std::pair<TimePoint, Flow*>> ages;
    double tag = 0;  // service by weight, among the bands on its level
    int level = 0;
  };
  Band& of(int band) { return bands_[static_cast<std::size_t>(band)]; }
  const Band& of(int band) const { return bands_[static_cast<std::size_t>(band)]; }
  FlowKey key(OrderedFlow& flow) const;
  void insert(OrderedFlow& flow);
  void remove(OrderedFlow& flow);
  int place_of(const Flow& flow) const { return !banded_ ? 0 : flow.overdue ? overdue : flow.band; }
  int level(int band, TimePoint now) const;
  void settle_levels(TimePoint now);

  std::array<Band, bands + 1> bands_;
  bool banded_;
  Duration aging_step_;
  std::size_t size_ = 0;
};
}  // namespace hivemind
