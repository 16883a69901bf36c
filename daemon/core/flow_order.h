// flow_order.h - flows in the order they go next: priority bands, inside a band as the policy says, then arrival.
// Invariants: exactly the backlogged flows are in it, each under the key it had when last entered or rekeyed; first()
// is O(1), every change O(log n) and without allocation but for enter().
#pragma once
#include <cstdint>
#include <memory>
#include <set>
#include <tuple>

#include "core/order_policy.h"

namespace hivemind {

using FlowKey = std::tuple<int, double, std::int64_t, Flow*>;
struct OrderedFlow : Flow {
  std::set<FlowKey>::iterator at;  // while backlogged
};

class FlowOrder {
public:
  // `banded` false: by arrival alone.
  FlowOrder(std::unique_ptr<OrderPolicy> policy, bool banded) : policy_(std::move(policy)), banded_(banded) {}

  // `flow` has something waiting: its first request's members and `queued` are set.
  void enter(OrderedFlow& flow);
  void leave(OrderedFlow& flow);
  // Something of the flow changed.
  void rekey(OrderedFlow& flow);

  OrderedFlow* first() const {
    return order_.empty() ? nullptr : static_cast<OrderedFlow*>(std::get<3>(*order_.begin()));
  }
  bool empty() const { return order_.empty(); }
  OrderPolicy& policy() { return *policy_; }
  const OrderPolicy& policy() const { return *policy_; }
  // An order of the same state without its flows, for a copy of each to join by adopt().
  FlowOrder without_flows() const { return {policy_->clone(), banded_}; }
  void adopt(OrderedFlow& flow) { flow.at = order_.insert(key(flow)).first; }

private:
  // Below band 0 is who has waited too long for any policy: oldest first.
  FlowKey key(OrderedFlow& flow) const {
    if (!banded_) return {0, 0, flow.rank, &flow};
    return {flow.band, flow.band < 0 ? 0.0 : policy_->key(flow), flow.rank, &flow};
  }

  std::unique_ptr<OrderPolicy> policy_;
  bool banded_;
  std::set<FlowKey> order_;
};
}  // namespace hivemind
