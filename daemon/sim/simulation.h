// simulation.h - agents, one provider and, between them, the daemon's scheduler or nothing; on a clock that jumps from
// event to event.
// Invariants: the same scenario, variant and seed give the same outcome; every exchange ends; every request the
// provider took on is ended there exactly once.
#pragma once
#include <unordered_map>

#include "sim/event_queue.h"
#include "sim/outcome.h"
#include "sim/scenario.h"
#include "sim/wire.h"

namespace hivemind::sim {

std::uint64_t mixed(std::uint64_t a, std::uint64_t b);  // two numbers as one that looks random

// How a scenario is played.
struct Variant {
  bool direct = false;               // without HiveMind
  std::optional<ClientKind> client;  // instead of what the agents have
  SchedulerConfig scheduler;
  bool spans = false;  // record them
};

class Simulation {
public:
  Simulation(const Scenario& scenario, const Variant& variant, std::uint64_t seed);
  Outcome run();

private:
  struct Agent {
    const AgentGroup* group = nullptr;
    RunId run = 0;
    std::vector<std::size_t> budgets;  // in outcome_.budgets: all that its requests are charged to
    int turn = 0, open = 0;
    bool over = false;
    std::int64_t answers = 0;  // tokens of all answers, which are part of the next prompts
    provider::Prompt prompt;
    Duration longest_answer{};  // of this turn's
  };
  struct Run {
    RunId id = 0;
    std::vector<std::size_t> budgets;
  };
  struct Exchange {
    std::uint32_t agent = 0, generation = 0;
    bool open = false;
    RequestId request = 0;
    provider::ModelRequest ask;
    provider::Verdict verdict;
    std::vector<provider::LimitState> limits;  // as of its arrival
    int retries = 0;                           // by the client
    std::uint64_t number = 0;
    TimePoint begun, sent, waiting_since;
    bool worked_on = false;  // the provider's end() is due
    std::size_t work = 0;    // in outcome_.work, while worked_on
    std::unique_ptr<Listener> listener;
    std::string reply;
    bool content = false;  // something of an answer reached the client
  };
  enum class Kind : std::uint8_t { turn, arrive, answer, hear, last_byte, hear_end, again, timeout, wake };
  struct Event {
    Kind kind;
    std::uint32_t index = 0, generation = 0;
  };

  // simulation_runs.cc: who there is.
  void begin();
  Run open_run(const AgentGroup& group, RunId id, int number, TimePoint begins, const Run* parent);
  std::size_t open_budget(const std::string& name, std::int64_t limit);
  std::vector<std::size_t> caps_of(const std::string& team);
  std::int64_t set_aside(RunId run) const;

  // simulation.cc: agents and clients.
  void handle(const Event& event);
  void begin_turn(std::uint32_t agent);
  std::uint32_t open_exchange(std::uint32_t agent, int which);
  void ask(std::uint32_t index);
  void refused(std::uint32_t index, const Refusal& refusal);
  void delivered(std::uint32_t index, const Usage& usage);
  void went_wrong(std::uint32_t index, const ClientError& error, const std::string& reason);
  void timed_out(std::uint32_t index);
  void close(std::uint32_t index);
  void turn_done(std::uint32_t agent);
  void die(std::uint32_t agent, const std::string& reason);
  RequestProfile profile(const Exchange& exchange);
  void act();

  // exchange.cc: an attempt on its way to the provider and back.
  void send(std::uint32_t index);
  void arrive(std::uint32_t index);
  void answer(std::uint32_t index);
  void hear(std::uint32_t index);
  void last_byte(std::uint32_t index);
  void hear_end(std::uint32_t index);
  void attempt_failed(std::uint32_t index, const Failure& failure, const Usage& usage);
  void stop_working(Exchange& exchange, bool delivered);
  void cancel_upstream(Exchange& exchange);
  std::vector<provider::LimitState> limits(const Exchange& exchange);
  Speaker::Told told(const Exchange& exchange, const std::vector<provider::LimitState>& limits) const;

  void later(Duration after, Kind kind, std::uint32_t index) {
    events_.schedule(now_ + after, {kind, index, kind == Kind::turn ? 0 : exchanges_[index].generation});
  }
  Duration way();
  double unix_now() const;
  Duration since_start(TimePoint at) const { return at - start_; }
  void span(const Exchange& exchange, Span::Kind kind, TimePoint from);

  const Scenario& scenario_;
  const Variant& variant_;
  const TimePoint start_{std::chrono::hours(1)};
  TimePoint now_ = start_;
  Rng agent_rng_, provider_rng_, guess_rng_;
  provider::ProviderModel model_;
  Speaker speaker_;
  const Dialect& dialect_;
  RequestProfile profile_;  // what all have in common
  std::optional<Scheduler> scheduler_;
  EventQueue<Event> events_;
  std::optional<TimePoint> armed_;
  std::vector<Agent> agents_;
  std::vector<Exchange> exchanges_;
  std::vector<std::uint32_t> free_;
  std::unordered_map<RequestId, std::uint32_t> by_request_;
  std::uint64_t last_number_ = 0;
  std::size_t active_ = 0;  // agents that are not over
  Outcome outcome_;
};
}  // namespace hivemind::sim
