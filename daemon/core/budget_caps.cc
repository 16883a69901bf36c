#include "core/budget_caps.h"

#include <cmath>

namespace hivemind {

BudgetCaps::BudgetCaps()
    : total_(Budget::shared(Budget::unlimited, nullptr)), day_(Budget::shared(Budget::unlimited, total_)) {}

void BudgetCaps::configure(const SchedulerConfig& config) {
  total_->set_limit(config.total_budget.value_or(Budget::unlimited));
  day_->set_limit(config.day_budget.value_or(Budget::unlimited));
  for (auto& [name, group] : groups_) group->set_limit(Budget::unlimited);
  for (const auto& [name, limit] : config.group_budgets) {
    auto& group = groups_[name];
    if (!group) group = Budget::shared(limit, day_);
    group->set_limit(limit);
  }
}

std::shared_ptr<Budget> BudgetCaps::of(const std::string& run_name) {
  const auto name = run_name.substr(0, run_name.find('/'));
  if (const auto known = groups_.find(name); known != groups_.end()) return known->second;
  std::erase_if(groups_, [](const auto& group) {
    return group.second->limit() == Budget::unlimited && group.second.use_count() == 1;
  });
  if (name.empty() || groups_.size() >= most_groups) return day_;
  return groups_[name] = Budget::shared(Budget::unlimited, day_);
}

bool BudgetCaps::begin_day(double unix_now) {
  if (!std::isfinite(unix_now) || std::abs(unix_now) > 1e12) return false;
  const auto day = static_cast<std::int64_t>(std::floor(unix_now / 86400));
  if (day <= today_) return false;  // a clock that was set back does not give the day's tokens twice
  const bool known = today_ != 0;
  today_ = day;
  if (!known) return false;
  day_->set_spent(0);
  return true;
}

std::string BudgetCaps::name_of(const Budget* budget) const {
  if (budget == total_.get()) return "the total budget";
  if (budget == day_.get()) return "the day's budget";
  for (const auto& [name, group] : groups_) {
    if (budget == group.get()) return "the budget of group '" + name + "'";
  }
  return {};
}

std::vector<BudgetSnapshot> BudgetCaps::snapshot() const {
  std::vector<BudgetSnapshot> all;
  const auto add = [&](const std::string& name, const Budget& budget) {
    if (budget.limit() < Budget::unlimited) all.push_back({name, budget.limit(), budget.spent(), budget.reserved()});
  };
  add("total", *total_);
  add("day", *day_);
  for (const auto& [name, group] : groups_) add("group " + name, *group);
  return all;
}
}  // namespace hivemind
