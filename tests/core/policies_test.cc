// Each policy on the kind of load it is for, beside fcfs. A local server: so many slots, and the prompt of the agent a
// slot served last.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <map>
#include <random>

#include "core/order_policy.h"
#include "core/seconds.h"
#include "tests/core/fleet.h"

namespace hivemind {
namespace {

struct Program {
  TimePoint begins;
  std::vector<double> turns, gaps;  // seconds
  double within = 1e9;              // the target of each turn's answer
  std::string request_class{};
  std::optional<Duration> deadline{};
};

struct Outcome {
  double mean_completion = 0, met = 0, longest_wait = 0;  // seconds; share of turns answered in time
  int reloads = 0, turns = 0;
};

class Shop {
public:
  Shop(std::string policy, int slots, double reload, std::vector<Program> programs)
      : reload_(reload),
        programs_(std::move(programs)),
        scheduler_(configure(policy, slots)),
        room_(static_cast<std::size_t>(slots + slots / 2)),
        turn_(programs_.size()),
        submitted_(programs_.size()) {
    for (std::size_t i = 0; i < programs_.size(); ++i) {
      at(programs_[i].begins, [this, i] {
        auto spec = run_spec(i + 1);
        if (programs_[i].deadline) spec.deadline = now_ + *programs_[i].deadline;
        scheduler_.add_run(spec, now_);
        ask(i);
      });
    }
  }
  Outcome run() {
    while (!events_.empty()) {
      now_ = events_.begin()->first;
      auto event = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      event();
      for (const auto& action : scheduler_.act(now_)) {
        if (const auto* sent = std::get_if<Dispatch>(&action))
          serve(sent->request);
        else
          ++refused;
      }
      const auto wake = scheduler_.wake_at();
      if (wake && wake != armed_) armed_ = wake, at(std::max(now_, *wake), [] {});
    }
    outcome_.mean_completion /= static_cast<double>(programs_.size());
    outcome_.met /= outcome_.turns;
    return outcome_;
  }
  int refused = 0;

private:
  static SchedulerConfig configure(const std::string& policy, int slots) {
    SchedulerConfig config;
    config.policy = policy;
    config.slow_start = false;
    config.seeds[""].concurrency = config.seeds[""].max_concurrency = slots;
    return config;
  }
  void at(TimePoint when, std::function<void()> event) { events_.emplace(when, std::move(event)); }
  void ask(std::size_t i) {
    auto asked = profile("ollama", 2000, 4096);
    asked.request_class = programs_[i].request_class;
    submitted_[i] = now_;
    owner_[scheduler_.submit(i + 1, asked, now_)] = i;
  }
  // The server has room for half as many prompts again as it works on. False: this agent's was not there.
  bool touch(std::size_t i) {
    const auto found = std::find(cached_.begin(), cached_.end(), i);
    const bool there = found != cached_.end();
    if (there) cached_.erase(found);
    cached_.push_back(i);
    if (cached_.size() > room_) cached_.pop_front();
    return there;
  }
  void serve(RequestId id) {
    const auto i = owner_.at(id);
    outcome_.longest_wait = std::max(outcome_.longest_wait, in_seconds(now_ - submitted_[i]));
    if (in_seconds(now_ - submitted_[i]) <= programs_[i].within) ++outcome_.met;
    ++outcome_.turns;
    const bool reload = !touch(i);
    if (reload && turn_[i] > 0) ++outcome_.reloads;
    const double took = programs_[i].turns[turn_[i]] + (reload ? reload_ : 0);
    at(now_ + from_seconds(took), [this, id, i] {
      touch(i);
      scheduler_.first_content(id, now_);
      scheduler_.finished(id, usage(2000, static_cast<std::int64_t>(100 * programs_[i].turns[turn_[i]])), false, now_);
      if (++turn_[i] < programs_[i].turns.size())
        return at(now_ + from_seconds(programs_[i].gaps[turn_[i]]), [this, i] { ask(i); });
      outcome_.mean_completion += in_seconds(now_ - programs_[i].begins);
      scheduler_.remove_run(i + 1, now_);
    });
  }

  double reload_;
  std::vector<Program> programs_;
  Scheduler scheduler_;
  std::size_t room_;
  std::deque<std::size_t> cached_;  // agents, least recently served first
  std::vector<std::size_t> turn_;
  std::vector<TimePoint> submitted_;
  std::map<RequestId, std::size_t> owner_;
  std::multimap<TimePoint, std::function<void()>> events_;
  std::optional<TimePoint> armed_;
  TimePoint now_ = start;
  Outcome outcome_;
};

std::vector<Program> agents(std::uint64_t seed, int count, double every,
                            const std::function<int(std::mt19937_64&)>& turns) {
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> arrival(1 / every), gap(1 / 0.5), length(1 / 2.0);
  std::vector<Program> programs(static_cast<std::size_t>(count));
  TimePoint begins = start;
  for (auto& program : programs) {
    begins += from_seconds(arrival(random));
    program.begins = begins;
    const int n = turns(random);
    for (int i = 0; i < n; ++i) {
      program.turns.push_back(0.5 + length(random));
      program.gaps.push_back(0.1 + gap(random));
    }
  }
  return programs;
}

TEST(Policies, ProgramFcfsKeepsTheTurnsOfAnAgentTogether) {
  double fcfs = 0, program = 0;
  int reloads_fcfs = 0, reloads_program = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto load = [&] {
      return agents(seed, 40, 3, [](auto& random) { return 5 + static_cast<int>(random() % 10); });
    };
    const auto a = Shop("fcfs", 4, 3, load()).run(), b = Shop("program-fcfs", 4, 3, load()).run();
    EXPECT_EQ(a.turns, b.turns);
    fcfs += a.mean_completion, program += b.mean_completion;
    reloads_fcfs += a.reloads, reloads_program += b.reloads;
  }
  EXPECT_LE(program, 0.5 * fcfs);
  EXPECT_LE(reloads_program, reloads_fcfs / 10);
  std::printf("program-fcfs: mean completion %.2f of fcfs, prompts computed again %d instead of %d\n", program / fcfs,
              reloads_program, reloads_fcfs);
}

TEST(Policies, LasLetsShortAgentsPassLongOnes) {
  double fcfs = 0, las = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto load = [&] { return agents(seed, 200, 2, [](auto& random) { return random() % 10 == 0 ? 60 : 3; }); };
    fcfs += Shop("fcfs", 4, 0, load()).run().mean_completion;
    las += Shop("las", 4, 0, load()).run().mean_completion;
  }
  EXPECT_LE(las, 0.87 * fcfs);
  std::printf("las: mean completion %.2f of fcfs\n", las / fcfs);
}

TEST(Policies, DeadlineMeetsMoreTargets) {
  for (const double load : {0.6, 0.9, 1.2}) {
    double fcfs = 0, deadline = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const auto programs = [&] {
        // Interactive turns have ten seconds, batch ones five minutes.
        auto all = agents(seed, 400, 2.5 / 4 / load, [](auto&) { return 1; });
        std::mt19937_64 random(seed);
        for (auto& program : all) {
          const bool batch = random() % 2;
          program.within = batch ? 300 : 10;
          program.request_class = batch ? "auxiliary" : "main";
        }
        return all;
      };
      fcfs += Shop("fcfs", 4, 0, programs()).run().met / 10;
      deadline += Shop("deadline", 4, 0, programs()).run().met / 10;
    }
    std::printf("deadline at load %.1f: %.3f of targets met, fcfs %.3f\n", load, deadline, fcfs);
    EXPECT_GE(deadline, load > 1 ? fcfs + 0.3 : fcfs - 0.001);
  }
}

TEST(Policies, NobodyStarvesUnderAny) {
  for (const auto policy : policy_names()) {
    SCOPED_TRACE(policy);
    // More short agents than there is room for, and one that is long.
    auto load = agents(3, 900, 0.5, [](auto&) { return 1; });
    load.push_back({.begins = start + 5s, .turns = std::vector<double>(5, 10.0), .gaps = std::vector<double>(5, 0.1)});
    Shop shop(std::string(policy), 4, 0, std::move(load));
    const auto outcome = shop.run();
    EXPECT_EQ(shop.refused, 0);
    EXPECT_LE(outcome.longest_wait, 600);
  }
}
}  // namespace
}  // namespace hivemind
