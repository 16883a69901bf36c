// deadline: after JITServe (NSDI'26). Who can still make its target goes by the latest moment to start, which orders as
// the time that is left does at every moment; who cannot any more goes behind them, by density: reward (weight) per
// cost. So under overload nobody's target is spent on a request that is late anyway.
#include "core/order_policy.h"
#include "core/seconds.h"

namespace hivemind {
namespace {
class Deadline final : public OrderPolicy {
public:
  std::unique_ptr<OrderPolicy> clone() const override { return std::make_unique<Deadline>(*this); }
  double key(const Flow& flow) const override {
    constexpr double behind_all = 1e12;  // seconds; with costs below it
    if (flow.late) return behind_all + flow.cost / flow.weight * 1e6;
    return in_seconds(flow.start_by.time_since_epoch());
  }
  bool heeds_targets() const override { return true; }
};
}  // namespace

std::unique_ptr<OrderPolicy> deadline_policy() { return std::make_unique<Deadline>(); }
}  // namespace hivemind
