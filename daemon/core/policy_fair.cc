// fair: virtual-time tags after Justitia (arXiv 2510.17015), made safe against wrong guesses.
//
// Virtual time V moves by cost / (weight that waits) with every service, as in GPS. A flow's tag S is where its next
// request starts: max(S, V) when it comes back, + cost / weight per service, corrected when the true cost is known.
// It would be through its queue Q, under ideal sharing, at F = S + Q / weight: Justitia goes by smallest F, so that a
// small flow finishes long before a big one and the big one hardly later than under ideal sharing. We go by
//   key = S + min(Q, leash) / weight,
// never later than F. A competitor served ahead of a flow has S_g + c / w_g <= F then, so it got no more than ideal
// sharing gives it by F: with true costs a flow ends at most one largest request per server after GPS, for any leash.
// With costs guessed wrong by a factor m, what is under way is uncorrected (D requests, |m-1| c each), each competitor
// may pass F by one request, and the flow's own F may be too late by no more than the leash:
//   late <= D m c + (N - 1) (m c + w_g/w leash)        in shares of the pool's minute, c the largest true cost.
// The leash also ends every wait: V passes S + leash / weight sooner or later, and newcomers start at V.
#include <algorithm>

#include "core/order_policy.h"

namespace hivemind {
namespace {
constexpr double leash = 0.25;  // of the pool's minute

class Fair final : public OrderPolicy {
public:
  std::unique_ptr<OrderPolicy> clone() const override { return std::make_unique<Fair>(*this); }

  double key(const Flow& flow) const override {
    return flow.tag + std::min(flow.queued, std::max(leash, flow.cost)) / flow.weight;
  }
  void entered(Flow& flow) override {
    flow.tag = std::max(flow.tag, virtual_time_);
    weight_ += flow.weight;
    ++waiting_;
  }
  void left(Flow& flow) override { weight_ = --waiting_ == 0 ? 0 : weight_ - flow.weight; }
  // A flow that climbed a band starts there as if it had just arrived.
  void climbed(Flow& flow) override { flow.tag = std::max(flow.tag, virtual_time_); }
  void served(Flow& flow, double cost) override {
    // No waiting tag is further back than a leash behind the one served, and so neither is virtual time.
    virtual_time_ = std::max(virtual_time_ + cost / std::max(weight_, flow.weight), flow.tag - leash / flow.weight);
    flow.tag += cost / flow.weight;
  }
  void corrected(Flow& flow, double extra) override {
    virtual_time_ = std::max(0.0, virtual_time_ + extra / std::max(weight_, flow.weight));
    flow.tag = std::max(0.0, flow.tag + extra / flow.weight);
  }
  bool bounds_waits() const override { return true; }
  bool may_forget(const Flow& flow) const override { return flow.tag <= virtual_time_; }

private:
  double virtual_time_ = 0, weight_ = 0;
  std::size_t waiting_ = 0;
};
}  // namespace

std::unique_ptr<OrderPolicy> fair_policy() { return std::make_unique<Fair>(); }
}  // namespace hivemind
