// fcfs: by arrival, whoever asks. Bounds waits by itself: nobody who comes later goes first.
#include "core/order_policy.h"

namespace hivemind {
namespace {
class Fcfs final : public OrderPolicy {
public:
  std::unique_ptr<OrderPolicy> clone() const override { return std::make_unique<Fcfs>(*this); }
  double key(const Flow&) const override { return 0; }
  bool bounds_waits() const override { return true; }
};
}  // namespace

std::unique_ptr<OrderPolicy> fcfs_policy() { return std::make_unique<Fcfs>(); }
}  // namespace hivemind
