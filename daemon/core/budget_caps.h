// budget_caps.h - the caps that runs share: of their group (what their name says before the first slash), of the day
// (UTC), and of all together. Run -> group -> day -> total.
// Invariant: what was spent outlives a restart, and so does what was reserved when the daemon died: as spent.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <type_traits>

#include "core/budget.h"
#include "core/scheduler_config.h"
#include "core/snapshot.h"

namespace hivemind {

class BudgetCaps {
public:
  BudgetCaps();
  void configure(const SchedulerConfig& config);
  // What a run of that name is charged to: its group's, and so the day's and the total. Never null: they count before
  // anybody caps them, and a cap that is set later holds for the runs there are.
  std::shared_ptr<Budget> of(const std::string& run_name);
  // The day of that time, in seconds since 1970, begins if it has not yet. True: it has just begun.
  bool begin_day(double unix_now);
  // "the group 'nightly'", for people; empty: none of the caps.
  std::string name_of(const Budget* budget) const;
  std::vector<BudgetSnapshot> snapshot() const;

  void fields(auto& io);

private:
  static constexpr std::size_t most_groups = 4096;
  std::shared_ptr<Budget> total_, day_;
  std::map<std::string, std::shared_ptr<Budget>> groups_;
  std::int64_t today_ = 0;  // since 1970
};

void BudgetCaps::fields(auto& io) {
  const auto spending = [&](Budget& budget) {
    std::int64_t spent = budget.spent() + budget.reserved();
    io(spent);
    if constexpr (std::remove_reference_t<decltype(io)>::reading) spent < 0 ? io.fail() : budget.set_spent(spent);
  };
  io(today_);
  spending(*total_);
  spending(*day_);
  auto count = static_cast<std::uint32_t>(groups_.size());
  io(count);
  if constexpr (std::remove_reference_t<decltype(io)>::reading) {
    if (count > most_groups) return io.fail();
    for (std::uint32_t i = 0; i < count && io.ok(); ++i) {
      std::string name;
      io(name);
      auto& group = groups_[name];
      if (!group) group = Budget::shared(Budget::unlimited, day_);
      spending(*group);
    }
  } else {
    for (auto& [name, group] : groups_) {
      std::string copy = name;
      io(copy);
      spending(*group);
    }
  }
}
}  // namespace hivemind
