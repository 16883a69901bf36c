// program-fcfs: by arrival of the agent, not of its request, after Continuum (arXiv 2511.02230): the turns of one agent
// stay together, so that its prompt is still in the provider's or the server's cache. Between turns its slot is held
// for it (turn_holds.h).
#include "core/order_policy.h"

namespace hivemind {
namespace {
class ProgramFcfs final : public OrderPolicy {
public:
  std::unique_ptr<OrderPolicy> clone() const override { return std::make_unique<ProgramFcfs>(*this); }
  double key(const Flow& flow) const override {
    constexpr double before_all = -1e15;
    return static_cast<double>(flow.born) + (flow.held ? before_all : 0);
  }
  bool may_forget(const Flow&) const override { return false; }
  bool holds_turns() const override { return true; }
};
}  // namespace

std::unique_ptr<OrderPolicy> program_fcfs_policy() { return std::make_unique<ProgramFcfs>(); }
}  // namespace hivemind
