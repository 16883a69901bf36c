// order_policy.h - who goes next inside a priority band: the one question a policy answers, as a number per flow.
// A new policy is a file like policy_las.cc and one line in order_policies.cc.
// Invariants: a policy moves only `tag` (and what it keeps itself); the same calls give the same keys; a flow's key
// changes only when one of these functions was called for it.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace hivemind {

// A run among the runs of a pool, or an agent among those of its run.
struct Flow {
  double weight = 1;
  double queued = 0;        // cost of all that waits
  std::int64_t born = 0;    // arrival of its first request ever
  bool backlogged = false;  // something waits
  double tag = 0;           // the policy's: virtual time, service attained, ...
  // Of its first waiting request:
  int band = 0;
  TimePoint since{};
  bool overdue = false;   // it has waited longer than any policy may let it
  std::int64_t rank = 0;  // arrival
  double cost = 0;        // share of the pool's minute
  TimePoint start_by = TimePoint::max();
  bool late = false;  // it can no longer start by then
  bool held = false;  // a slot is held for it
};

class OrderPolicy {
public:
  virtual ~OrderPolicy() = default;
  virtual std::unique_ptr<OrderPolicy> clone() const = 0;

  // Smaller goes first; equals go by arrival.
  virtual double key(const Flow& flow) const = 0;

  virtual void entered(Flow&) {}  // something waits again
  virtual void left(Flow&) {}     // nothing waits any more
  virtual void served(Flow&, double /*cost*/) {}
  virtual void corrected(Flow&, double /*extra*/) {}  // a served request cost so much more than was thought
  // Costs are shares of something else now: what cost 1 costs `factor`. Tags of flows have been scaled already.
  virtual void rescaled(double /*factor*/) {}

  // A waiting flow's turn comes whatever arrives after it. Otherwise the queue sees to that (RunQueue).
  virtual bool bounds_waits() const { return false; }
  // Its order heeds `start_by` and `late`.
  virtual bool heeds_targets() const { return false; }
  // An idle flow that says nothing a new one would not.
  virtual bool may_forget(const Flow&) const { return true; }
  // A finished turn may keep its slot for the agent's next one (turn_holds.h).
  virtual bool holds_turns() const { return false; }
};

inline constexpr double fair_leash = 0.25;  // of the pool's minute (policy_fair.cc)
inline constexpr std::string_view default_policy = "fair";
// Its name as in `scheduler.policy`; an unknown one gives the default.
std::unique_ptr<OrderPolicy> make_policy(std::string_view name);
std::vector<std::string_view> policy_names();
}  // namespace hivemind
