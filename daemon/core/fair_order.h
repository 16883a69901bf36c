// fair_order.h - which of several flows goes next when they share a server whose speed varies: start-time fair
// queueing, below priority bands.
// Invariants: virtual time never goes back; a flow that comes back starts at it (no credit is saved up while idle);
// a waiting flow's tag stays, while every service moves virtual time on: so no flow waits for ever inside its band.
#pragma once
#include <cstdint>
#include <set>
#include <tuple>

namespace hivemind {

struct FairFlow {
  double weight = 1;
  double tag = 0;         // virtual time at which its next request starts
  int band = 0;           // of its first waiting request; lower goes first
  std::int64_t rank = 0;  // of its first waiting request: arrival
  bool backlogged = false;
};

class FairOrder {
public:
  // `fair` false: by rank alone.
  explicit FairOrder(bool fair) : fair_(fair) {}

  void enter(FairFlow& flow);  // it has something waiting now
  void leave(FairFlow& flow);  // it has nothing waiting any more
  // Its first request changed. A flow that climbed a band starts there as if it had just arrived.
  void update(FairFlow& flow, int band, std::int64_t rank);
  void served(FairFlow& flow, double cost);
  // A served request cost more (or less) than was thought.
  void correct(FairFlow& flow, double cost);
  // A served request comes back unserved: the flow may start where it did then.
  void restore(FairFlow& flow, double tag);

  FairFlow* first() const { return order_.empty() ? nullptr : std::get<3>(*order_.begin()); }
  bool empty() const { return order_.empty(); }
  double virtual_time() const { return virtual_time_; }

  template <class Visit>
  void each(Visit visit) const {
    for (const auto& key : order_) visit(*std::get<3>(key));
  }

private:
  using Key = std::tuple<int, double, std::int64_t, FairFlow*>;
  Key key(FairFlow& flow) const {
    return fair_ ? Key{flow.band, flow.tag, flow.rank, &flow} : Key{0, 0.0, flow.rank, &flow};
  }
  template <class Change>
  void change(FairFlow& flow, Change change);

  bool fair_;
  double virtual_time_ = 0, weight_ = 0;
  std::set<Key> order_;
};
}  // namespace hivemind
