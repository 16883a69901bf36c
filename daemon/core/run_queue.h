// run_queue.h - the requests waiting for one pool, in the order they will go: priority bands with aging, fair between
// runs, then between the agents of a run, then by arrival.
// Invariants: a request is in the queue at most once; its band falls by one per aging step until it is critical, so
// its wait is bounded whatever arrives after it; front() changes only by what was called, and by time.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/fair_order.h"
#include "core/time.h"

namespace hivemind {

class RunQueue {
public:
  struct Item {
    std::uint64_t request = 0, run = 0, agent = 0;
    int band = 2;           // of its run's priority
    double weight = 1;      // of its run
    double cost = 0;        // share of the pool it will take
    std::int64_t rank = 0;  // arrival; unique
    TimePoint since{};      // arrival
  };
  // Where a request stood when it was taken, so that it gets its place back if it must go again.
  struct Place {
    double run = 0, agent = 0;
  };

  RunQueue(bool fair, Duration aging_step) : fair_(fair), aging_step_(aging_step), runs_(fair) {}
  void configure(bool fair, Duration aging_step, TimePoint now);

  void push(const Item& item, TimePoint now);
  void put_back(const Item& item, const Place& place, TimePoint now);
  const Item* front(TimePoint now);
  // `cost`: as known now; the item's own was a guess at its arrival.
  Place pop_front(double cost, TimePoint now);
  void erase(const Item& item, TimePoint now);
  // A request taken before cost `extra` more than its item said.
  void correct(const Item& item, double extra);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // All of them, as they would go if nothing else came.
  std::vector<Item> in_order(TimePoint now);

private:
  struct Run;
  struct Agent : FairFlow {
    Run* run = nullptr;
    std::uint64_t id = 0;
    std::map<std::int64_t, Item> items;  // by rank
    TimePoint climbs_at{};               // when its first item changes band; zero: never
  };
  struct Run : FairFlow {
    Run(std::uint64_t i, bool fair) : id(i), agents(fair) {}
    std::uint64_t id;
    FairOrder agents;
    std::unordered_map<std::uint64_t, std::unique_ptr<Agent>> flows;
  };

  Agent& flow(const Item& item);
  void refresh(Agent& agent, TimePoint now);
  void climb(TimePoint now);
  void forget_idle();
  int band(const Item& item, TimePoint now) const;

  bool fair_;
  Duration aging_step_;
  std::size_t size_ = 0, flow_count_ = 0, sweep_at_ = 64;
  FairOrder runs_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Run>> flows_;
  std::set<std::pair<TimePoint, Agent*>> climbs_;
};
}  // namespace hivemind
