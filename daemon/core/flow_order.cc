#include "core/flow_order.h"

namespace hivemind {

void FlowOrder::enter(OrderedFlow& flow) {
  if (flow.backlogged) return;
  policy_->entered(flow);
  flow.backlogged = true;
  flow.at = order_.insert(key(flow)).first;
}

void FlowOrder::leave(OrderedFlow& flow) {
  if (!flow.backlogged) return;
  order_.erase(flow.at);
  flow.backlogged = false;
  policy_->left(flow);
}

void FlowOrder::rekey(OrderedFlow& flow) {
  if (!flow.backlogged) return;
  const FlowKey now = key(flow);
  if (now == *flow.at) return;
  auto node = order_.extract(flow.at);
  node.value() = now;
  flow.at = order_.insert(std::move(node)).position;
}
}  // namespace hivemind
