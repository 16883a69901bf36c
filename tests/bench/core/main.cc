// core_bench: what the scheduler costs per event, with so many requests queued from so many agents.
//   submit    one request joins the queue
//   dispatch  the first in line goes out, is answered and settled, and one like it joins: the submit is taken off
#include <benchmark/benchmark.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/order_policy.h"
#include "core/scheduler.h"

namespace hivemind {
namespace {

const TimePoint start{std::chrono::hours(1)};
constexpr std::size_t runs = 1000;

RequestProfile asked(std::size_t agent) {
  RequestProfile profile;
  profile.provider = "anthropic";
  profile.account = "a1";
  profile.model = profile.model_class = "claude-sonnet-4";
  profile.agent = "agent-" + std::to_string(agent / runs);
  profile.input_tokens = 1000;
  profile.input_bound = 8000;
  profile.max_tokens = profile.output_bound = 4096;
  profile.body_hash = agent + 1;
  return profile;
}
RunId run_of(std::size_t agent) { return 1 + agent % runs; }

// A queue of so many, of a tenth as many agents, before a gate that opens for one at a time.
struct Loaded {
  Loaded(std::size_t queued, const char* policy) : agents(std::max<std::size_t>(1, queued / 10)) {
    SchedulerConfig config;
    config.policy = policy;
    config.max_queue = 10'000'000;
    config.seeds[""].concurrency = config.seeds[""].max_concurrency = 1;
    scheduler.emplace(config);
    for (std::size_t i = 0; i < agents; ++i) profiles.push_back(asked(i));
    for (std::size_t i = 0; i < queued; ++i) submit();
    under_way = next();
  }
  struct Asked {
    RunId run;
    RequestProfile profile;
  };
  Asked ask() {
    const auto agent = submitted++ * 7919 % agents;
    return {run_of(agent), profiles[agent]};
  }
  RequestId submit(Asked&& asked) { return scheduler->submit(asked.run, std::move(asked.profile), now); }
  RequestId submit() { return submit(ask()); }
  RequestId next() {
    const auto actions = scheduler->act(now);
    return actions.empty() ? 0 : std::get<Dispatch>(actions.front()).request;
  }
  // Ends what is under way, so that the next goes out.
  void dispatch() {
    now += 1ms;
    scheduler->first_content(under_way, now);
    Usage usage;
    usage.input = 900, usage.output = 300, usage.known = true;
    scheduler->finished(under_way, usage, false, now);
    under_way = next();
  }

  std::size_t agents, submitted = 0;
  TimePoint now = start;
  std::optional<Scheduler> scheduler;
  std::vector<RequestProfile> profiles;
  RequestId under_way = 0;
};

void submit(benchmark::State& state, const char* policy) {
  Loaded loaded(static_cast<std::size_t>(state.range(0)), policy);
  constexpr int batch = 500;
  std::array<RequestId, batch> ids;
  std::vector<Loaded::Asked> asked;  // as the daemon hands over what it has just read
  while (state.KeepRunningBatch(batch)) {
    state.PauseTiming();
    asked.clear();
    for (int i = 0; i < batch; ++i) asked.push_back(loaded.ask());
    state.ResumeTiming();
    for (std::size_t i = 0; i < batch; ++i) ids[i] = loaded.submit(std::move(asked[i]));
    state.PauseTiming();
    for (const auto id : ids) loaded.scheduler->cancel(id, {}, loaded.now);
    state.ResumeTiming();
  }
}

void dispatch(benchmark::State& state, const char* policy) {
  Loaded loaded(static_cast<std::size_t>(state.range(0)), policy);
  constexpr int batch = 500;
  while (state.KeepRunningBatch(batch)) {
    for (int i = 0; i < batch; ++i) loaded.dispatch();
    state.PauseTiming();
    for (int i = 0; i < batch; ++i) loaded.submit();
    state.ResumeTiming();
  }
}
}  // namespace
}  // namespace hivemind

int main(int argc, char** argv) {
  for (const auto policy : hivemind::policy_names()) {
    const bool whole = policy == hivemind::default_policy;
    for (const long queued : {1000L, 10'000L, 100'000L}) {
      if (!whole && queued != 100'000) continue;
      const std::string name(policy);
      benchmark::RegisterBenchmark(("submit/" + name).c_str(), hivemind::submit, policy.data())->Arg(queued);
      benchmark::RegisterBenchmark(("dispatch/" + name).c_str(), hivemind::dispatch, policy.data())->Arg(queued);
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
