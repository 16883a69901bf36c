// run_queue.h - the requests waiting for one pool, in the order they will go: priority bands with aging, as the policy
// says between runs, then between the agents of a run, then by arrival.
// Invariants: a request is in the queue at most once; its band climbs (flow_order.h), and under a policy that does not
// bound waits itself, after `patience` aging steps in all it goes before everything younger: so its wait is bounded
// whatever arrives after it. front() changes only by what was called, and by time.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/flow_order.h"
#include "core/time.h"

namespace hivemind {

class RunQueue {
public:
  static constexpr int patience = 10;  // aging steps

  struct Item {
    std::uint64_t request = 0, run = 0, agent = 0;
    int band = 2;           // of its run's priority
    int lane = 0;           // among the requests of its run: lower goes first, and rises as bands do
    double weight = 1;      // of its run
    double cost = 0;        // share of the pool's minute it will take
    std::int64_t rank = 0;  // arrival; unique
    TimePoint since{};      // arrival
    TimePoint start_by = TimePoint::max();
    bool held = false;  // a slot is held for its turn
  };
  // Where a request stood when it was taken, so that it gets its place back if it must go again.
  struct Place {
    double run = 0, agent = 0;
  };
  struct Options {
    std::string policy{default_policy};
    bool fair = true;  // false: by arrival alone, whatever the policy
    Duration aging_step = 30s;
    bool operator==(const Options&) const = default;
  };

  explicit RunQueue(Options options);
  void configure(Options options, TimePoint now);

  void push(const Item& item, TimePoint now);
  void put_back(const Item& item, const Place& place, TimePoint now);
  // One that left comes back: what its flow got since counts, that it was away does not.
  void come_back(const Item& item, const Place& place, TimePoint now);
  const Item* front(TimePoint now);
  // `cost`: as known now; the item's own was a guess at its arrival.
  Place pop_front(double cost, TimePoint now);
  Place erase(const Item& item, TimePoint now);
  // What costs are shares of has changed: what cost 1 costs `factor`, and each waiting item's is asked for anew.
  void rescale(double factor, const std::function<double(std::uint64_t request)>& cost, TimePoint now);
  // A request taken before cost `extra` more than its item said.
  void correct(const Item& item, double extra);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const OrderPolicy& policy() const { return *policy_; }
  // All of them, as they would go if nothing else came.
  std::vector<Item> in_order(TimePoint now);

private:
  struct Run;
  struct Agent : OrderedFlow {
    Run* run = nullptr;
    std::uint64_t id = 0;
    std::map<std::int64_t, Item> items;  // by rank
    TimePoint climbs_at{};               // when its first item's place changes by time; zero: never
    TimePoint idle_since{};
  };
  struct Run : OrderedFlow {
    Run(std::uint64_t i, FlowOrder order) : id(i), agents(std::move(order)) {}
    std::uint64_t id;
    FlowOrder agents;
    TimePoint idle_since{};
  };
  using AgentId = std::pair<std::uint64_t, std::uint64_t>;  // run, agent
  struct AgentHash {
    std::size_t operator()(const AgentId& id) const { return id.first * 0x9e3779b97f4a7c15u + id.second; }
  };

  Agent& flow(const Item& item);
  void push(Agent& agent, const Item& item, TimePoint now);
  void put_back(Agent& agent, const Item& item, const Place& place, TimePoint now);
  void take(Agent& agent, std::map<std::int64_t, Item>::iterator item);
  FlowOrder new_order() const;
  void refresh(Agent& agent, TimePoint now);
  void refresh(Run& run, TimePoint now);
  void climb(TimePoint now);
  void forget_idle(TimePoint now);
  RunQueue copy() const;
  void remember_climb(Agent& agent, TimePoint at);

  Options options_;
  std::size_t size_ = 0, sweep_at_ = 64;
  std::unique_ptr<OrderPolicy> policy_;  // as new
  FlowOrder runs_;
  std::unordered_map<std::uint64_t, Run> flows_;
  std::unordered_map<AgentId, Agent, AgentHash> agents_;
  std::set<std::pair<TimePoint, Agent*>> climbs_;
};
}  // namespace hivemind
