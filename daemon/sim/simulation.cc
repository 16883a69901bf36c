#include "sim/simulation.h"

#include <algorithm>
#include <cmath>

#include "core/model_names.h"
#include "core/seconds.h"

namespace hivemind::sim {
namespace {
SchedulerConfig seeded(SchedulerConfig config, std::uint64_t seed) {
  config.seed = seed;
  return config;
}

RequestProfile common_profile(const Provider& provider) {
  RequestProfile p;
  p.provider = provider.dialect;
  p.host = "api." + provider.dialect + ".com";
  p.account = "simulated";
  p.model = provider.model;
  p.model_class = model_class(provider.model);
  p.streaming = true;
  p.client = "simulated/1";
  return p;
}

// Causes of death are counted, so they name no numbers.
const char* in_words(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::budget:
      return "no tokens left";
    case RefusalKind::deadline:
      return "it waited as long as it may";
    case RefusalKind::queue_full:
      return "its queue is full";
    case RefusalKind::draining:
      return "it is being stopped";
    case RefusalKind::run_closed:
      return "the run has ended";
    case RefusalKind::too_large:
      return "larger than a limit";
    case RefusalKind::window:
      return "a long window is used up";
  }
  return "";
}
constexpr double bytes_per_token = 4;

// What a request's body tells of its prompt: the marks that a client may set, one near the front and the last ones.
PromptPrefixes prefixes_of(const provider::Prompt& prompt, Duration kept, double misjudged) {
  constexpr std::size_t most_marks = 4;
  PromptPrefixes all;
  std::uint64_t hash = 0;
  double tokens = 0;
  for (const auto& segment : prompt) {
    hash = mixed(hash, segment.hash);
    tokens += static_cast<double>(segment.tokens) * misjudged;
    if (segment.breakpoint && tokens >= 1024) all.push_back({hash, std::llround(tokens), kept});
    if (all.size() > most_marks) all.erase(all.begin() + 1);
  }
  return all;
}
}  // namespace

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  a = (a ^ b) * 0x9E3779B97F4A7C15ull;
  return a ^ (a >> 29);
}

Simulation::Simulation(const Scenario& scenario, const Variant& variant, std::uint64_t seed)
    : scenario_(scenario),
      variant_(variant),
      agent_rng_(mixed(seed, 1)),
      provider_rng_(mixed(seed, 2)),
      guess_rng_(mixed(seed, 3)),
      model_(scenario.provider.config),
      speaker_(scenario.provider),
      dialect_(*dialect_by_name(scenario.provider.dialect)),
      profile_(common_profile(scenario.provider)) {
  outcome_.seed = seed;
  outcome_.shortest_answer = Duration::max();
  if (!variant.direct) scheduler_.emplace(seeded(variant.scheduler, seed));
  begin();
}

Outcome Simulation::run() {
  while (!events_.empty() && active_ > 0) {
    if (events_.next_at() > start_ + scenario_.longest) {
      outcome_.unfinished = true;
      break;
    }
    now_ = events_.next_at();
    handle(events_.take());
    if (scheduler_) act();
  }
  for (std::uint32_t i = 0; i < agents_.size(); ++i)
    if (!agents_[i].over) die(i, "never finished");
  for (auto& agent : outcome_.agents)
    if (agent.dead) outcome_.wasted_tokens += agent.tokens;
  return std::move(outcome_);
}

void Simulation::handle(const Event& event) {
  if (event.kind == Kind::wake) {
    if (armed_ == now_) armed_.reset();  // else another was armed since
    return;
  }
  if (event.kind == Kind::turn) return begin_turn(event.index);
  Exchange& exchange = exchanges_[event.index];
  if (!exchange.open || exchange.generation != event.generation) return;
  switch (event.kind) {
    case Kind::arrive:
      return arrive(event.index);
    case Kind::answer:
      return answer(event.index);
    case Kind::hear:
      return hear(event.index);
    case Kind::last_byte:
      return last_byte(event.index);
    case Kind::hear_end:
      return hear_end(event.index);
    case Kind::again:
      return ask(event.index);
    case Kind::timeout:
      return timed_out(event.index);
    default:
      return;
  }
}

void Simulation::begin_turn(std::uint32_t index) {
  Agent& agent = agents_[index];
  const auto& group = *agent.group;
  agent.longest_answer = {};
  agent.open = group.at_once;
  if (agent.turn > 0 || group.turn_tokens > 0)
    agent.prompt.push_back({.hash = mixed(index + 1, static_cast<std::uint64_t>(agent.turn) + 1),
                            .tokens = group.turn_tokens + std::exchange(agent.answers, 0),
                            .breakpoint = group.cached});
  if (!group.cached && agent.prompt.size() > 1) {
    // Nothing of it is ever looked up: one part says as much as many.
    agent.prompt.front().tokens += agent.prompt.back().tokens;
    agent.prompt.pop_back();
  }
  for (int i = 0; i < group.at_once; ++i) {
    const auto exchange = open_exchange(index, i);
    ask(exchange);
    if (agents_[index].over) return;
  }
}

std::uint32_t Simulation::open_exchange(std::uint32_t agent, int which) {
  std::uint32_t index = 0;
  if (free_.empty()) {
    index = static_cast<std::uint32_t>(exchanges_.size());
    exchanges_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Exchange& exchange = exchanges_[index];
  const auto generation = exchange.generation;
  exchange = {};
  exchange.generation = generation;
  exchange.agent = agent;
  exchange.open = true;
  exchange.begun = now_;
  exchange.ask.account = profile_.account;
  exchange.ask.model = profile_.model;
  exchange.ask.max_tokens = agents_[agent].group->max_tokens;
  exchange.ask.cache_step = profile_.provider == "anthropic" ? 1 : 128;
  exchange.ask.prompt = agents_[agent].prompt;
  if (which > 0)
    exchange.ask.prompt.back().hash = mixed(exchange.ask.prompt.back().hash, static_cast<std::uint64_t>(which));
  return index;
}

RequestProfile Simulation::profile(const Exchange& exchange) {
  const Agent& agent = agents_[exchange.agent];
  const auto& group = *agent.group;
  std::int64_t tokens = 0;
  for (const auto& segment : exchange.ask.prompt) tokens += segment.tokens;
  double factor = group.misjudged;
  if (const double spread = std::log(group.misjudged_spread); spread > 0)
    factor *= std::exp(std::uniform_real_distribution<>(-spread, spread)(guess_rng_));
  RequestProfile p = profile_;
  p.input_tokens = std::max<std::int64_t>(1, std::llround(static_cast<double>(tokens) * factor));
  p.prefixes = prefixes_of(exchange.ask.prompt, scenario_.provider.config.cache_ttl, factor);
  p.body_bytes = static_cast<std::int64_t>(static_cast<double>(tokens) * bytes_per_token);
  p.input_bound = p.body_bytes * (p.provider == "anthropic" ? 2 : 1);
  p.max_tokens = group.max_tokens;
  p.output_bound = group.max_tokens;
  if (group.one_run) p.agent = group.name + '-' + std::to_string(outcome_.agents[exchange.agent].number + 1);
  p.client_retry = exchange.retries;
  if (group.tells_timeout) p.client_timeout = group.timeout;
  return p;
}

// The client's attempt, its first or another.
void Simulation::ask(std::uint32_t index) {
  Exchange& exchange = exchanges_[index];
  ++exchange.generation;
  if (exchange.retries > 0) span(exchange, Span::Kind::waits, exchange.waiting_since);  // the client backed off
  exchange.content = false;
  exchange.waiting_since = now_;
  later(agents_[exchange.agent].group->timeout, Kind::timeout, index);
  if (!scheduler_) return send(index);
  exchange.request = scheduler_->submit(agents_[exchange.agent].run, profile(exchange), now_);
  by_request_[exchange.request] = index;
}

void Simulation::act() {
  for (const auto& action : scheduler_->act(now_)) {
    const auto found = by_request_.find(std::visit([](const auto& a) { return a.request; }, action));
    if (found == by_request_.end()) continue;  // its agent has just died of another of these
    const auto index = found->second;
    if (const auto* refuse = std::get_if<Refuse>(&action)) {
      by_request_.erase(found);
      refused(index, refuse->refusal);
      continue;
    }
    if (now_ - exchanges_[index].waiting_since > 1ms) outcome_.backlog_end = since_start(now_);
    span(exchanges_[index], Span::Kind::waits, exchanges_[index].waiting_since);
    send(index);
  }
  // What is armed cannot be taken back: one that comes too early looks, and arms the next.
  const auto wake = scheduler_->wake_at();
  if (!wake || (armed_ && *armed_ <= *wake)) return;
  armed_ = std::max(*wake, now_);
  events_.schedule(*armed_, {Kind::wake, 0, 0});
}

void Simulation::refused(std::uint32_t index, const Refusal& refusal) {
  ++outcome_.refused;
  const auto number = exchanges_[index].agent;
  const bool budget = refusal.kind == RefusalKind::budget;
  if (budget) outcome_.agents[number].over_budget = true;
  went_wrong(index, {budget ? 429 : 503, refusal.retry_after, refusal.should_retry},
             std::string("refused by HiveMind: ") + in_words(refusal.kind));
}

void Simulation::delivered(std::uint32_t index, const Usage& usage) {
  Exchange& exchange = exchanges_[index];
  const auto number = exchange.agent;
  Agent& agent = agents_[number];
  auto& end = outcome_.agents[number];
  outcome_.waits.push_back(static_cast<float>(in_seconds(exchange.sent - exchange.begun)));
  span(exchange, Span::Kind::runs, exchange.sent);
  const auto took = now_ - exchange.sent;
  outcome_.shortest_answer = std::min(outcome_.shortest_answer, took);
  agent.longest_answer = std::max(agent.longest_answer, took);
  agent.answers += usage.output;
  end.tokens += usage.total();
  end.served_at.push_back(since_start(now_));
  for (const auto budget : agent.budgets) outcome_.budgets[budget].used += usage.total();
  close(index);
  if (--agent.open == 0) turn_done(number);
}

void Simulation::turn_done(std::uint32_t number) {
  Agent& agent = agents_[number];
  auto& end = outcome_.agents[number];
  end.busy += agent.longest_answer;
  ++end.turns;
  if (++agent.turn < agent.group->turns) {
    const auto tool = agent.group->tool.draw(agent_rng_);
    end.busy += tool;
    return later(tool, Kind::turn, number);
  }
  agent.over = true;
  --active_;
  end.ended = since_start(now_);
  outcome_.makespan = std::max(outcome_.makespan, end.ended);
  if (scheduler_ && !agent.group->one_run) scheduler_->remove_run(agent.run, now_);
}

void Simulation::went_wrong(std::uint32_t index, const ClientError& error, const std::string& reason) {
  Exchange& exchange = exchanges_[index];
  const auto kind = variant_.client.value_or(agents_[exchange.agent].group->client);
  if (const auto wait = client_retry(kind, error, exchange.retries, agent_rng_)) {
    ++exchange.retries;
    ++exchange.generation;  // its timeout is over
    exchange.waiting_since = now_;
    return later(*wait, Kind::again, index);
  }
  const auto number = exchange.agent;
  close(index);
  die(number, reason);
}

void Simulation::timed_out(std::uint32_t index) {
  Exchange& exchange = exchanges_[index];
  if (exchange.content) return;
  cancel_upstream(exchange);
  went_wrong(index, {}, "timeout");
}

void Simulation::close(std::uint32_t index) {
  Exchange& exchange = exchanges_[index];
  exchange.open = false;
  ++exchange.generation;
  exchange.listener.reset();
  free_.push_back(index);
}

void Simulation::die(std::uint32_t number, const std::string& reason) {
  Agent& agent = agents_[number];
  auto& end = outcome_.agents[number];
  if (agent.over) return;
  agent.over = true;
  --active_;
  end.dead = !end.over_budget;
  end.died_of = reason;
  end.ended = since_start(now_);
  outcome_.makespan = std::max(outcome_.makespan, end.ended);
  if (--agent.open > 0) {
    for (std::uint32_t i = 0; i < exchanges_.size(); ++i) {
      if (!exchanges_[i].open || exchanges_[i].agent != number) continue;
      cancel_upstream(exchanges_[i]);
      close(i);
    }
  }
  if (scheduler_ && !agent.group->one_run) scheduler_->remove_run(agent.run, now_);
}

Duration Simulation::way() {
  const auto& provider = scenario_.provider;
  if (provider.way_jitter <= Duration::zero()) return provider.way;
  return provider.way +
         from_seconds(std::uniform_real_distribution<>(0, in_seconds(provider.way_jitter))(provider_rng_));
}

double Simulation::unix_now() const { return 1767225600 + in_seconds(now_ - start_); }  // 2026 begins

void Simulation::span(const Exchange& exchange, Span::Kind kind, TimePoint from) {
  if (variant_.spans && from < now_)
    outcome_.spans.push_back({exchange.agent, kind, since_start(from), since_start(now_)});
}
}  // namespace hivemind::sim
