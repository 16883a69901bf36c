#include "core/run_queue.h"

#include <algorithm>

namespace hivemind {
namespace {
constexpr Duration memory_of_idle = 1h;  // of a flow that its policy would rather not forget

// What an order knows of a flow is what it knows of the flow's first request.
void look_like(Flow& flow, const RunQueue::Item& first, int band) {
  flow.band = std::clamp(band, 0, FlowOrder::bands - 1);
  flow.cost = first.cost;
  flow.rank = first.rank;
  flow.since = first.since;
  flow.start_by = first.start_by;
  flow.held = first.held;
}
void enter_or_rekey(FlowOrder& order, OrderedFlow& flow) { flow.backlogged ? order.rekey(flow) : order.enter(flow); }
}  // namespace

RunQueue::RunQueue(Options options)
    : options_(std::move(options)), policy_(make_policy(options_.policy)), runs_(new_order()) {}

FlowOrder RunQueue::new_order() const {
  return FlowOrder(*policy_, options_.fair, std::max<Duration>(options_.aging_step, Duration(1)));
}

RunQueue::Agent& RunQueue::flow(const Item& item) {
  const auto [entry, is_new] = agents_.try_emplace({item.run, item.agent});
  Agent& agent = entry->second;
  if (is_new) {
    auto run = flows_.find(item.run);
    if (run == flows_.end()) {
      run = flows_.try_emplace(item.run, item.run, new_order()).first;
      run->second.born = item.rank;
    }
    agent.run = &run->second;
    agent.id = item.agent;
    agent.born = item.rank;
  }
  if (!agent.run->backlogged) agent.run->weight = item.weight;
  return agent;
}

void RunQueue::remember_climb(Agent& agent, TimePoint at) {
  if (agent.climbs_at == at) return;
  if (agent.climbs_at != TimePoint{}) climbs_.erase({agent.climbs_at, &agent});
  agent.climbs_at = at;
  if (at != TimePoint{}) climbs_.insert({at, &agent});
}

// Brings an agent's place among its run's, and the run's place, in line with the agent's first item.
void RunQueue::refresh(Agent& agent, TimePoint now) {
  Run& run = *agent.run;
  if (agent.items.empty()) {
    remember_climb(agent, {});
    agent.idle_since = now;
    run.agents.leave(agent);
  } else {
    const Item& first = agent.items.begin()->second;
    look_like(agent, first, first.lane);
    // Its place changes by time alone when its target is missed, or its patience ends.
    TimePoint next = TimePoint::max();
    if (!policy_->bounds_waits()) {
      const TimePoint ends = first.since + options_.aging_step * patience;
      agent.overdue = now >= ends;
      if (!agent.overdue) next = ends;
    }
    if (policy_->heeds_targets()) {
      agent.late = now >= first.start_by;
      if (!agent.late) next = std::min(next, first.start_by);
    }
    remember_climb(agent, next == TimePoint::max() ? TimePoint{} : next);
    enter_or_rekey(run.agents, agent);
  }
  refresh(run, now);
}

void RunQueue::refresh(Run& run, TimePoint now) {
  const auto* first = static_cast<const Agent*>(run.agents.first(now));
  if (!first) {
    run.idle_since = now;
    return runs_.leave(run);
  }
  const Item& item = first->items.begin()->second;
  look_like(run, item, item.band);
  run.overdue = first->overdue;
  run.late = first->late;
  enter_or_rekey(runs_, run);
}

void RunQueue::climb(TimePoint now) {
  while (!climbs_.empty() && climbs_.begin()->first <= now) refresh(*climbs_.begin()->second, now);
}

void RunQueue::push(const Item& item, TimePoint now) {
  forget_idle(now);
  push(flow(item), item, now);
}

void RunQueue::push(Agent& agent, const Item& item, TimePoint now) {
  if (agent.items.emplace(item.rank, item).second) {
    ++size_;
    agent.queued += item.cost;
    agent.run->queued += item.cost;
  }
  refresh(agent, now);
}

void RunQueue::put_back(const Item& item, const Place& place, TimePoint now) {
  forget_idle(now);
  put_back(flow(item), item, place, now);
}

void RunQueue::put_back(Agent& agent, const Item& item, const Place& place, TimePoint now) {
  push(agent, item, now);
  agent.tag = std::min(agent.tag, place.agent);
  agent.run->tag = std::min(agent.run->tag, place.run);
  agent.run->agents.rekey(agent);
  runs_.rekey(*agent.run);
  refresh(agent, now);
}

void RunQueue::come_back(const Item& item, const Place& place, TimePoint now) {
  forget_idle(now);
  Agent& agent = flow(item);
  const Place due{agent.run->backlogged ? agent.run->tag : std::max(agent.run->tag, place.run),
                  agent.backlogged ? agent.tag : std::max(agent.tag, place.agent)};
  put_back(agent, item, due, now);
}

// Inside a run a lane may have climbed since the run was looked at, which changes who of it goes, not when it goes.
const RunQueue::Item* RunQueue::front(TimePoint now) {
  climb(now);
  auto* run = static_cast<Run*>(runs_.first(now));
  if (!run) return nullptr;
  return &static_cast<Agent*>(run->agents.first(now))->items.begin()->second;
}

void RunQueue::take(Agent& agent, std::map<std::int64_t, Item>::iterator item) {
  const double cost = item->second.cost;
  agent.items.erase(item);
  --size_;
  agent.queued = agent.items.empty() ? 0 : agent.queued - cost;
  agent.run->queued -= cost;
}

RunQueue::Place RunQueue::pop_front(double cost, TimePoint now) {
  climb(now);
  auto& run = static_cast<Run&>(*runs_.first(now));
  auto& agent = static_cast<Agent&>(*run.agents.first(now));
  const Place place{run.tag, agent.tag};
  take(agent, agent.items.begin());
  run.agents.served(agent, cost);
  runs_.served(run, cost);
  refresh(agent, now);
  return place;
}

RunQueue::Place RunQueue::erase(const Item& item, TimePoint now) {
  Agent& agent = flow(item);
  const Place place{agent.run->tag, agent.tag};
  if (const auto found = agent.items.find(item.rank); found != agent.items.end()) take(agent, found);
  refresh(agent, now);
  return place;
}

void RunQueue::rescale(double factor, const std::function<double(std::uint64_t)>& cost, TimePoint now) {
  runs_.rescale(factor);
  for (auto& [id, run] : flows_) {
    run.tag *= factor;
    run.queued = 0;
    run.agents.rescale(factor);
  }
  for (auto& [id, agent] : agents_) {
    agent.tag *= factor;
    agent.queued = 0;
    for (auto& [rank, item] : agent.items) agent.queued += item.cost = cost(item.request);
    agent.run->queued += agent.queued;
  }
  for (auto& [id, agent] : agents_) {
    if (!agent.items.empty()) refresh(agent, now);
  }
}

void RunQueue::correct(const Item& item, double extra) {
  Agent& agent = flow(item);
  agent.run->agents.correct(agent, extra);
  runs_.correct(*agent.run, extra);
}

void RunQueue::configure(Options options, TimePoint now) {
  if (options == options_) return;
  auto items = in_order(now);
  *this = RunQueue(std::move(options));
  for (const auto& item : items) push(item, now);
}

void RunQueue::forget_idle(TimePoint now) {
  if (agents_.size() < sweep_at_) return;
  const auto idle = [now](const auto& flow, const FlowOrder& order) {
    return !flow.backlogged && (order.may_forget(flow) || now - flow.idle_since > memory_of_idle);
  };
  std::erase_if(agents_, [&](const auto& entry) {
    const Agent& agent = entry.second;
    return idle(agent, agent.run->agents) || idle(*agent.run, runs_);
  });
  std::erase_if(flows_, [&](const auto& entry) { return idle(entry.second, runs_); });
  sweep_at_ = std::max<std::size_t>(64, 2 * agents_.size());
}

RunQueue RunQueue::copy() const {
  RunQueue other(options_);
  other.size_ = size_;
  other.runs_ = runs_.without_flows();
  for (const auto& [id, run] : flows_) {
    if (!run.backlogged) continue;
    Run& twin = other.flows_.try_emplace(id, id, run.agents.without_flows()).first->second;
    static_cast<OrderedFlow&>(twin) = run;
    other.runs_.adopt(twin);
  }
  for (const auto& [id, agent] : agents_) {
    if (!agent.backlogged) continue;
    Agent& twin = other.agents_.emplace(id, agent).first->second;
    twin.run = &other.flows_.at(id.first);
    twin.climbs_at = {};
    twin.run->agents.adopt(twin);
  }
  return other;
}

std::vector<RunQueue::Item> RunQueue::in_order(TimePoint now) {
  climb(now);
  RunQueue left = copy();
  std::vector<Item> items;
  items.reserve(size_);
  while (const Item* first = left.front(now)) {
    items.push_back(*first);
    left.pop_front(first->cost, now);
  }
  return items;
}
}  // namespace hivemind
