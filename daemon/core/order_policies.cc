#include "core/order_policy.h"

namespace hivemind {

using PolicyMaker = std::unique_ptr<OrderPolicy>();
PolicyMaker fair_policy, fcfs_policy, program_fcfs_policy, las_policy, deadline_policy;

namespace {
// The policies there are: a new one is a line here and a file of its own.
constexpr struct {
  std::string_view name;
  PolicyMaker* make;
} policies[] = {
    {"fair", fair_policy},                  // virtual-time tags: never much later than under ideal sharing
    {"fcfs", fcfs_policy},                  // by arrival
    {"program-fcfs", program_fcfs_policy},  // by arrival of the agent; its slot is held between turns
    {"las", las_policy},                    // who got least so far
    {"deadline", deadline_policy},          // who must start soonest
};
}  // namespace

std::unique_ptr<OrderPolicy> make_policy(std::string_view name) {
  for (const auto& policy : policies) {
    if (policy.name == name) return policy.make();
  }
  return make_policy(default_policy);
}

std::vector<std::string_view> policy_names() {
  std::vector<std::string_view> names;
  for (const auto& policy : policies) names.push_back(policy.name);
  return names;
}
}  // namespace hivemind
