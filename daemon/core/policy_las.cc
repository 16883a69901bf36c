// las: who has attained least service so far, after Autellix (arXiv 2502.13965). Costs need no guess to be compared:
// an agent with few and small turns passes the long ones. `tag` is the service attained, by weight.
#include <algorithm>

#include "core/order_policy.h"

namespace hivemind {
namespace {
class Las final : public OrderPolicy {
public:
  std::unique_ptr<OrderPolicy> clone() const override { return std::make_unique<Las>(*this); }
  double key(const Flow& flow) const override { return flow.tag; }
  void served(Flow& flow, double cost) override { flow.tag += cost / flow.weight; }
  void corrected(Flow& flow, double extra) override { flow.tag = std::max(0.0, flow.tag + extra / flow.weight); }
  bool may_forget(const Flow&) const override { return false; }
};
}  // namespace

std::unique_ptr<OrderPolicy> las_policy() { return std::make_unique<Las>(); }
}  // namespace hivemind
