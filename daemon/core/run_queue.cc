#include "core/run_queue.h"

#include <algorithm>

namespace hivemind {
namespace {
constexpr Duration memory_of_idle = 1h;  // of a flow that its policy would rather not forget

// What an order knows of a flow is what it knows of the flow's first request.
void look_like(Flow& flow, double cost, std::int64_t rank, TimePoint start_by, bool late) {
  flow.cost = cost;
  flow.rank = rank;
  flow.start_by = start_by;
  flow.late = late;
}
void enter_or_move(FlowOrder& order, OrderedFlow& flow, int band) {
  const bool climbed = flow.backlogged && band < flow.band;
  flow.band = band;
  if (climbed) order.policy().climbed(flow);
  flow.backlogged ? order.rekey(flow) : order.enter(flow);
}
}  // namespace

RunQueue::RunQueue(Options options) : options_(std::move(options)), runs_(make_policy(options_.policy), options_.fair) {
  options_.aging_step = std::max<Duration>(options_.aging_step, Duration(1));
}

// Below the best band is who has waited for longer than the policy can be trusted with.
int RunQueue::band(int from, const Item& item, TimePoint now) const {
  const auto steps = std::max<std::int64_t>(0, (now - item.since) / options_.aging_step);
  if (steps >= patience && !policy().bounds_waits()) return -1;
  return static_cast<int>(std::max<std::int64_t>(0, from - steps));
}

RunQueue::Agent& RunQueue::flow(const Item& item) {
  auto& run = flows_[item.run];
  if (!run) {
    run = std::make_unique<Run>(item.run, FlowOrder(make_policy(options_.policy), options_.fair));
    run->born = item.rank;
  }
  if (!run->backlogged) run->weight = item.weight;
  auto& agent = run->flows[item.agent];
  if (!agent) {
    agent = std::make_unique<Agent>();
    agent->run = run.get();
    agent->id = item.agent;
    agent->born = item.rank;
    ++flow_count_;
  }
  return *agent;
}

void RunQueue::remember_climb(Agent& agent, TimePoint at) {
  if (agent.climbs_at == at) return;
  if (agent.climbs_at != TimePoint{}) climbs_.erase({agent.climbs_at, &agent});
  agent.climbs_at = at;
  if (at != TimePoint{}) climbs_.insert({at, &agent});
}

// Brings an agent's place among its run's in line with its first item.
void RunQueue::look_at_first(Agent& agent, TimePoint now) {
  if (agent.items.empty()) {
    remember_climb(agent, {});
    agent.idle_since = now;
    agent.run->agents.leave(agent);
    return;
  }
  const Item& first = agent.items.begin()->second;
  const int lane = band(first.lane, first, now);
  const bool late = now >= first.start_by;
  TimePoint next{};
  if (lane > 0 || band(first.band, first, now) > 0 || (lane == 0 && !policy().bounds_waits())) {
    const auto steps = std::max<std::int64_t>(0, (now - first.since) / options_.aging_step);
    const bool rising = lane > 0 || band(first.band, first, now) > 0;
    next = first.since + options_.aging_step * (rising ? steps + 1 : patience);
  }
  if (!late && first.start_by != TimePoint::max())
    next = next == TimePoint{} ? first.start_by : std::min(next, first.start_by);
  remember_climb(agent, next);
  look_like(agent, first.cost, first.rank, first.start_by, late);
  enter_or_move(agent.run->agents, agent, lane);
}

void RunQueue::refresh(Agent& agent, TimePoint now) {
  look_at_first(agent, now);
  Run& run = *agent.run;
  const auto* first = static_cast<const Agent*>(run.agents.first());
  if (!first) {
    run.idle_since = now;
    return runs_.leave(run);
  }
  look_like(run, first->cost, first->rank, first->start_by, first->late);
  const Item& item = first->items.begin()->second;
  enter_or_move(runs_, run, band(item.band, item, now));
}

void RunQueue::climb(TimePoint now) {
  while (!climbs_.empty() && climbs_.begin()->first <= now) refresh(*climbs_.begin()->second, now);
}

void RunQueue::push(const Item& item, TimePoint now) {
  forget_idle(now);
  Agent& agent = flow(item);
  if (agent.items.emplace(item.rank, item).second) {
    ++size_;
    agent.queued += item.cost;
    agent.run->queued += item.cost;
  }
  refresh(agent, now);
}

void RunQueue::put_back(const Item& item, const Place& place, TimePoint now) {
  push(item, now);
  Agent& agent = flow(item);
  agent.tag = std::min(agent.tag, place.agent);
  agent.run->tag = std::min(agent.run->tag, place.run);
  agent.run->agents.rekey(agent);
  runs_.rekey(*agent.run);
  refresh(agent, now);
}

void RunQueue::come_back(const Item& item, const Place& place, TimePoint now) {
  const Agent& agent = flow(item);
  const Place due{agent.run->backlogged ? agent.run->tag : std::max(agent.run->tag, place.run),
                  agent.backlogged ? agent.tag : std::max(agent.tag, place.agent)};
  put_back(item, due, now);
}

const RunQueue::Item* RunQueue::front(TimePoint now) {
  climb(now);
  auto* run = static_cast<Run*>(runs_.first());
  if (!run) return nullptr;
  return &static_cast<Agent*>(run->agents.first())->items.begin()->second;
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
  auto& run = static_cast<Run&>(*runs_.first());
  auto& agent = static_cast<Agent&>(*run.agents.first());
  const Place place{run.tag, agent.tag};
  take(agent, agent.items.begin());
  run.agents.policy().served(agent, cost);
  runs_.policy().served(run, cost);
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

void RunQueue::correct(const Item& item, double extra) {
  Agent& agent = flow(item);
  agent.run->agents.policy().corrected(agent, extra);
  agent.run->agents.rekey(agent);
  runs_.policy().corrected(*agent.run, extra);
  runs_.rekey(*agent.run);
}

void RunQueue::configure(Options options, TimePoint now) {
  if (options == options_) return;
  auto items = in_order(now);
  *this = RunQueue(std::move(options));
  for (const auto& item : items) push(item, now);
}

void RunQueue::forget_idle(TimePoint now) {
  if (flow_count_ < sweep_at_) return;
  const auto idle = [now](const Flow& flow, const OrderPolicy& policy, TimePoint since) {
    return !flow.backlogged && (policy.may_forget(flow) || now - since > memory_of_idle);
  };
  for (auto entry = flows_.begin(); entry != flows_.end();) {
    Run& run = *entry->second;
    flow_count_ -= std::erase_if(run.flows, [&](const auto& agent) {
      return idle(*agent.second, run.agents.policy(), agent.second->idle_since);
    });
    const bool gone = idle(run, runs_.policy(), run.idle_since);
    if (gone) flow_count_ -= run.flows.size();
    entry = gone ? flows_.erase(entry) : std::next(entry);
  }
  sweep_at_ = std::max<std::size_t>(64, 2 * flow_count_);
}

RunQueue RunQueue::copy() const {
  RunQueue other(options_);
  other.size_ = size_;
  other.runs_ = runs_.without_flows();
  for (const auto& [id, run] : flows_) {
    if (!run->backlogged) continue;
    auto& twin = other.flows_[id] = std::make_unique<Run>(id, run->agents.without_flows());
    static_cast<Flow&>(*twin) = *run;
    for (const auto& [number, agent] : run->flows) {
      if (!agent->backlogged) continue;
      auto& inner = twin->flows[number] = std::make_unique<Agent>(*agent);
      inner->run = twin.get();
      inner->climbs_at = {};
      twin->agents.adopt(*inner);
    }
    other.runs_.adopt(*twin);
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
