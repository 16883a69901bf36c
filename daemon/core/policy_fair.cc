// fair: virtual-time tags after Justitia (arXiv 2510.17015), made safe against wrong guesses.
//
// Virtual time V is that of GPS: it moves by cost / (weight served under ideal sharing) with every service, and a flow
// whose queue we emptied early counts among those until V reaches its tag. A flow's tag S is where its next request
// starts: max(S, V) when it comes back, + cost / weight per service, corrected, as V is, when the true cost is known.
// It would be through its queue Q, under ideal sharing, at F = S + Q / weight: Justitia goes by smallest F, so that a
// small flow finishes long before a big one and the big one hardly later than under ideal sharing. We go by
//   key = S + min(Q, leash) / weight,
// never later than F. A competitor served ahead of a flow has S_g + c / w_g <= F then, so it got no more than ideal
// sharing gives it by F: with true costs a flow ends at most one largest request c after GPS, for any leash.
// With costs guessed wrong by a factor m, what is under way is uncorrected (D requests, (m-1) c each), each competitor
// may pass F by one request, and the flow's own F may be too late, but by no more than the leash:
//   late <= c + D (m-1) c + sum over competitors of ((m-1) c + w_g/w leash)      in shares of the pool's minute.
// The leash also ends every wait: V passes S + leash / weight sooner or later, and newcomers start at V.
#include <algorithm>
#include <cmath>
#include <map>

#include "core/order_policy.h"

namespace hivemind {
namespace {
constexpr double leash = fair_leash;
// Of a minute: equals that came to the same tag by different sums are equals still, and their arrival decides.
constexpr double grains = 1 << 24;

class Fair final : public OrderPolicy {
public:
  std::unique_ptr<OrderPolicy> clone() const override { return std::make_unique<Fair>(*this); }

  double key(const Flow& flow) const override {
    return std::round((flow.tag + std::min(flow.queued, std::max(leash, flow.cost)) / flow.weight) * grains);
  }
  void entered(Flow& flow) override {
    ++waiting_;
    if (ahead_.erase({flow.tag, &flow}) > 0) return;  // still counted
    flow.tag = std::max(flow.tag, virtual_time_);
    weight_ += flow.weight;
  }
  void left(Flow& flow) override {
    if (flow.tag > virtual_time_)
      ahead_.insert({{flow.tag, &flow}, flow.weight});
    else
      weight_ -= flow.weight;
    if (--waiting_ > 0) return;
    // All there was has been served, so GPS is through with it too.
    if (!ahead_.empty()) virtual_time_ = ahead_.rbegin()->first.first;
    ahead_.clear();
    weight_ = 0;
  }
  void served(Flow& flow, double cost) override {
    advance(cost, flow.weight);
    // No waiting tag is further back than a leash behind the one served, and so neither is virtual time.
    virtual_time_ = std::max(virtual_time_, flow.tag - leash / flow.weight);
    drop_passed();
    flow.tag += cost / flow.weight;
  }
  void corrected(Flow& flow, double extra) override {
    const bool counted = ahead_.erase({flow.tag, &flow}) > 0;
    flow.tag = std::max(0.0, flow.tag + extra / flow.weight);
    if (counted) ahead_.insert({{flow.tag, &flow}, flow.weight});
    if (extra > 0)
      advance(extra, flow.weight);
    else
      virtual_time_ = std::max(0.0, virtual_time_ + extra / std::max(weight_, flow.weight));
    drop_passed();
  }
  void rescaled(double factor) override {
    virtual_time_ *= factor;
    std::map<std::pair<double, const Flow*>, double> ahead;
    for (const auto& [flow, weight] : ahead_) ahead.emplace(std::pair(flow.first * factor, flow.second), weight);
    ahead_ = std::move(ahead);
  }
  bool bounds_waits() const override { return true; }
  bool may_forget(const Flow& flow) const override { return flow.tag <= virtual_time_; }

private:
  // Does `work`; those that come to the end of theirs on the way leave their part to the others.
  void advance(double work, double own_weight) {
    while (!ahead_.empty()) {
      const double needed = (ahead_.begin()->first.first - virtual_time_) * weight_;
      if (needed > work) break;
      work -= std::max(0.0, needed);
      virtual_time_ = std::max(virtual_time_, ahead_.begin()->first.first);
      drop_first();
    }
    virtual_time_ += work / std::max(weight_, own_weight);
  }
  void drop_passed() {
    while (!ahead_.empty() && ahead_.begin()->first.first <= virtual_time_) drop_first();
  }
  void drop_first() {
    weight_ -= ahead_.begin()->second;
    ahead_.erase(ahead_.begin());
  }

  double virtual_time_ = 0, weight_ = 0;  // weight_: of all that GPS serves now
  std::size_t waiting_ = 0;
  // Not waiting, tags after virtual time, with their weights. A flow may be forgotten meanwhile: it is only a name
  // here.
  std::map<std::pair<double, const Flow*>, double> ahead_;
};
}  // namespace

std::unique_ptr<OrderPolicy> fair_policy() { return std::make_unique<Fair>(); }
}  // namespace hivemind
