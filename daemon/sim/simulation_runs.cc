// Who there is: agents, the runs they belong to, and the token budgets those are charged to.
#include <algorithm>
#include <map>

#include "core/seconds.h"
#include "sim/simulation.h"

namespace hivemind::sim {

void Simulation::begin() {
  std::map<std::string, std::vector<Run>> groups;
  RunId last_run = 0;
  for (std::uint32_t g = 0; g < scenario_.agents.size(); ++g) {
    const auto& group = scenario_.agents[g];
    std::vector<Run> runs;
    for (int n = 0; n < group.count; ++n) {
      const auto index = static_cast<std::uint32_t>(agents_.size());
      const auto begins =
          group.begin + from_seconds(std::uniform_real_distribution<>(0, 1)(agent_rng_) * in_seconds(group.spread));
      if (!group.one_run || n == 0) {
        const auto& above = groups[group.within];
        const Run* parent = above.empty() ? nullptr : &above[static_cast<std::size_t>(n) % above.size()];
        runs.push_back(open_run(group, ++last_run, n, start_ + begins, parent));
      }
      Agent& agent = agents_.emplace_back();
      agent.group = &group;
      agent.run = runs.back().id;
      agent.budgets = runs.back().budgets;
      agent.prompt.push_back({.hash = mixed(g + 1, group.shared_system ? 0 : index + 1),
                              .tokens = group.system_tokens,
                              .breakpoint = group.cached});
      auto& end = outcome_.agents.emplace_back();
      end.group = g;
      end.number = static_cast<std::uint32_t>(n);
      end.began = begins;
      events_.schedule(start_ + begins, {Kind::turn, index, 0});
    }
    groups[group.name] = std::move(runs);
  }
  active_ = agents_.size();
}

Simulation::Run Simulation::open_run(const AgentGroup& group, RunId id, int number, TimePoint begins,
                                     const Run* parent) {
  RunSpec spec;
  spec.id = id;
  spec.name = group.one_run ? group.name : group.name + '-' + std::to_string(number + 1);
  if (!group.team.empty()) spec.name = group.team + '/' + spec.name;
  spec.parent = parent ? parent->id : 0;
  spec.priority = group.priority;
  spec.weight = group.weight;
  spec.token_budget = group.token_budget;
  if (group.deadline) spec.deadline = begins + *group.deadline;
  if (scheduler_) scheduler_->add_run(spec, start_);

  Run run{id, parent ? parent->budgets : caps_of(group.team.empty() ? spec.name : group.team)};
  if (group.token_budget) run.budgets.push_back(open_budget("run " + spec.name, *group.token_budget));
  return run;
}

std::size_t Simulation::open_budget(const std::string& name, std::int64_t limit) {
  const auto found = std::find_if(outcome_.budgets.begin(), outcome_.budgets.end(),
                                  [&](const BudgetOutcome& budget) { return budget.name == name; });
  if (found != outcome_.budgets.end()) return static_cast<std::size_t>(found - outcome_.budgets.begin());
  outcome_.budgets.push_back({name, limit, 0});
  return outcome_.budgets.size() - 1;
}

// The caps that hold for all runs of that team, or for the one run of that name.
std::vector<std::size_t> Simulation::caps_of(const std::string& team) {
  const auto& config = scenario_.scheduler;
  std::vector<std::size_t> caps;
  if (config.total_budget) caps.push_back(open_budget("total", *config.total_budget));
  if (config.day_budget) caps.push_back(open_budget("day", *config.day_budget));
  const auto group = config.group_budgets.find(team);
  if (group != config.group_budgets.end()) caps.push_back(open_budget("group " + team, group->second));
  return caps;
}

// Tokens that the scheduler holds back of the run's own budget.
std::int64_t Simulation::set_aside(RunId run) const {
  const auto snapshot = scheduler_->run_snapshot(run);
  return snapshot && snapshot->token_budget ? snapshot->tokens_reserved : 0;
}
}  // namespace hivemind::sim
