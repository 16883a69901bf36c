#include "core/run_queue.h"

#include <algorithm>

namespace hivemind {

int RunQueue::band(const Item& item, TimePoint now) const {
  const auto steps = (now - item.since) / std::max<Duration>(aging_step_, Duration(1));
  return static_cast<int>(std::max<std::int64_t>(0, item.band - steps));
}

RunQueue::Agent& RunQueue::flow(const Item& item) {
  auto& run = flows_[item.run];
  if (!run) {
    run = std::make_unique<Run>(item.run, fair_);
    run->weight = item.weight;
  }
  auto& agent = run->flows[item.agent];
  if (!agent) {
    agent = std::make_unique<Agent>();
    agent->run = run.get();
    agent->id = item.agent;
    ++flow_count_;
  }
  return *agent;
}

// Brings an agent's and its run's place in line after the agent's first item, or its band, changed.
void RunQueue::refresh(Agent& agent, TimePoint now) {
  Run& run = *agent.run;
  if (agent.climbs_at != TimePoint{}) climbs_.erase({agent.climbs_at, &agent});
  agent.climbs_at = {};
  if (agent.items.empty()) {
    run.agents.leave(agent);
  } else {
    const Item& first = agent.items.begin()->second;
    const int now_in = band(first, now);
    if (now_in > 0) {
      agent.climbs_at = first.since + aging_step_ * (first.band - now_in + 1);
      climbs_.insert({agent.climbs_at, &agent});
    }
    if (!agent.backlogged) {
      agent.band = now_in;
      agent.rank = first.rank;
      run.agents.enter(agent);
    } else {
      run.agents.update(agent, now_in, first.rank);
    }
  }
  if (const auto* first = run.agents.first()) {
    if (!run.backlogged) {
      run.band = first->band;
      run.rank = first->rank;
      runs_.enter(run);
    } else {
      runs_.update(run, first->band, first->rank);
    }
  } else {
    runs_.leave(run);
  }
}

void RunQueue::climb(TimePoint now) {
  while (!climbs_.empty() && climbs_.begin()->first <= now) refresh(*climbs_.begin()->second, now);
}

void RunQueue::push(const Item& item, TimePoint now) {
  forget_idle();
  Agent& agent = flow(item);
  if (agent.items.emplace(item.rank, item).second) ++size_;
  refresh(agent, now);
}

void RunQueue::put_back(const Item& item, const Place& place, TimePoint now) {
  push(item, now);
  Agent& agent = flow(item);
  agent.run->agents.restore(agent, place.agent);
  runs_.restore(*agent.run, place.run);
  refresh(agent, now);
}

const RunQueue::Item* RunQueue::front(TimePoint now) {
  climb(now);
  auto* run = static_cast<Run*>(runs_.first());
  if (!run) return nullptr;
  return &static_cast<Agent*>(run->agents.first())->items.begin()->second;
}

RunQueue::Place RunQueue::pop_front(double cost, TimePoint now) {
  climb(now);
  auto& run = static_cast<Run&>(*runs_.first());
  auto& agent = static_cast<Agent&>(*run.agents.first());
  const Place place{run.tag, agent.tag};
  agent.items.erase(agent.items.begin());
  --size_;
  run.agents.served(agent, cost);
  runs_.served(run, cost);
  refresh(agent, now);
  return place;
}

void RunQueue::erase(const Item& item, TimePoint now) {
  Agent& agent = flow(item);
  size_ -= agent.items.erase(item.rank);
  refresh(agent, now);
}

void RunQueue::correct(const Item& item, double extra) {
  Agent& agent = flow(item);
  agent.run->agents.correct(agent, extra);
  runs_.correct(*agent.run, extra);
}

void RunQueue::configure(bool fair, Duration aging_step, TimePoint now) {
  if (fair == fair_ && aging_step == aging_step_) return;
  auto items = in_order(now);
  *this = RunQueue(fair, aging_step);
  for (const auto& item : items) push(item, now);
}

// An idle flow at or behind virtual time says nothing that a new one would not.
void RunQueue::forget_idle() {
  if (flow_count_ < sweep_at_) return;
  for (auto run = flows_.begin(); run != flows_.end();) {
    auto& agents = run->second->flows;
    flow_count_ -= std::erase_if(agents, [&](const auto& entry) {
      return !entry.second->backlogged && entry.second->tag <= run->second->agents.virtual_time();
    });
    const bool idle = !run->second->backlogged && run->second->tag <= runs_.virtual_time();
    if (idle) flow_count_ -= agents.size();
    run = idle ? flows_.erase(run) : std::next(run);
  }
  sweep_at_ = std::max<std::size_t>(64, 2 * flow_count_);
}

std::vector<RunQueue::Item> RunQueue::in_order(TimePoint now) {
  climb(now);
  struct Start {
    int band;
    double run;
    double agent;
    Item item;
  };
  std::vector<Start> starts;
  starts.reserve(size_);
  runs_.each([&](FairFlow& flow) {
    auto& run = static_cast<Run&>(flow);
    std::vector<Start> own;
    run.agents.each([&](FairFlow& inner) {
      double at = inner.tag;
      for (const auto& [rank, item] : static_cast<Agent&>(inner).items) {
        own.push_back({band(item, now), 0, at, item});
        at += item.cost;
      }
    });
    std::sort(own.begin(), own.end(), [](const Start& a, const Start& b) {
      return std::tie(a.band, a.agent, a.item.rank) < std::tie(b.band, b.agent, b.item.rank);
    });
    double at = run.tag;
    for (auto& start : own) {
      start.run = at;
      at += start.item.cost / run.weight;
      starts.push_back(start);
    }
  });
  std::sort(starts.begin(), starts.end(), [&](const Start& a, const Start& b) {
    if (!fair_) return a.item.rank < b.item.rank;
    return std::tie(a.band, a.run, a.item.rank) < std::tie(b.band, b.run, b.item.rank);
  });
  std::vector<Item> items;
  items.reserve(starts.size());
  for (auto& start : starts) items.push_back(start.item);
  return items;
}
}  // namespace hivemind
