// fleet.h - a small world for the scheduler: agents, a provider, and a clock that jumps to the next event.
// Invariant: the same seed gives the same run. The provider here is another model than the scheduler's own: it counts
// what arrives and says no.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/scheduler.h"

namespace hivemind {

inline const TimePoint start{std::chrono::hours(1)};

RunSpec run_spec(RunId id, Priority priority = Priority::normal, double weight = 1);
RequestProfile profile(std::string provider = "anthropic", std::int64_t input = 100, std::int64_t max_tokens = 1000);
Usage usage(std::int64_t input, std::int64_t output);
LimitReport requests_left(std::int64_t limit, std::int64_t remaining);

// What a provider enforces, and what it tells of it.
struct ProviderRules {
  enum class Kind { none, window, bucket };
  Kind kind = Kind::none;
  double requests = 50;      // per minute
  double quantum = 0;        // bucket: at most this many at once; 0: all of them
  bool lazy_window = false;  // begins with its first request, not at a fixed phase
  bool count_rejected = true;
  Duration phase{};                    // window: how far into one the run begins
  std::optional<double> tokens;        // bucket of input and output tokens per minute, charged on arrival
  int concurrency = 0;                 // more at once: 529; 0: any number
  bool headers = true, resets = true;  // limits in heads, with the time until they are full
  bool whole_seconds = false;          // those times are rounded up
  bool early = false;                  // the time until limits are full is rounded down instead
  bool retry_after = true;
  double fault = 0, reset = 0;            // probabilities of a 502, of a reset
  Duration outage_begin{}, outage_end{};  // after the start: everything is answered with a 529
  Duration latency = 80ms, jitter = 0ms, way = 5ms, way_jitter = 0ms;
};

struct AgentPlan {
  int turns = 6;
  Duration think = 50ms;
  std::int64_t input = 200, output = 150;
  Duration begin{};
  RunId run = 0;       // 0: a run of its own
  std::string name{};  // inside the run
  int at_once = 1;     // requests of one turn
};

struct FleetResult {
  int requests = 0, rejected = 0, overloads = 0, faults = 0, dead = 0, refused = 0, peak = 0;
  std::map<RunId, int> served;  // by run
  std::vector<Duration> waits;  // of requests, arrival to last dispatch
  Duration makespan{};
  std::vector<std::pair<TimePoint, RunId>> order;  // dispatches
};

class Fleet {
public:
  Fleet(SchedulerConfig config, ProviderRules rules, std::uint64_t seed = 1);
  Scheduler& scheduler() { return scheduler_; }
  TimePoint now() const { return now_; }
  RunId add(const AgentPlan& plan, Priority priority = Priority::normal, double weight = 1);
  void at(Duration after_start, std::function<void()> event);
  // Until nothing is left to happen, or `longest` has passed.
  FleetResult run(Duration longest = 2h);

private:
  struct Agent {
    AgentPlan plan;
    int turn = 0, open = 0;
    bool dead = false;
  };
  struct Exchange {
    std::size_t agent = 0;
    TimePoint submitted;
  };
  void schedule(TimePoint when, std::function<void()> event);
  void begin_turn(std::size_t agent);
  void act();
  void send(RequestId id);
  void arrive(RequestId id);
  void ended(RequestId id, bool alive);
  std::vector<LimitReport> told();
  void refill();
  double left();
  Duration until_next(double need);
  Duration rounded(Duration d) const;

  SchedulerConfig config_;
  ProviderRules rules_;
  Scheduler scheduler_;
  std::mt19937_64 random_;
  TimePoint now_ = start;
  std::multimap<TimePoint, std::function<void()>> events_;
  std::vector<Agent> agents_;
  std::map<RequestId, Exchange> exchanges_;
  FleetResult result_;
  int active_ = 0;
  double level_, burst_ = 0, token_level_ = 0;
  TimePoint filled_ = start, window_end_;
  std::optional<TimePoint> armed_;
};
}  // namespace hivemind
