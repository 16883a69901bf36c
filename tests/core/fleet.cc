#include "tests/core/fleet.h"

#include <algorithm>
#include <cmath>

#include "core/seconds.h"

namespace hivemind {

RunSpec run_spec(RunId id, Priority priority, double weight) {
  RunSpec spec;
  spec.id = id;
  spec.name = "run" + std::to_string(id);
  spec.priority = priority;
  spec.weight = weight;
  return spec;
}

RequestProfile profile(std::string provider, std::int64_t input, std::int64_t max_tokens) {
  RequestProfile p;
  p.provider = std::move(provider);
  p.account = "a1";
  p.model = p.model_class = "m";
  p.input_tokens = input;
  p.input_bound = 2 * input;
  p.max_tokens = max_tokens;
  p.output_bound = max_tokens;
  return p;
}

Usage usage(std::int64_t input, std::int64_t output) {
  Usage u;
  u.input = input;
  u.output = output;
  u.known = true;
  return u;
}

LimitReport requests_left(std::int64_t limit, std::int64_t remaining) {
  LimitReport report;
  report.limit = limit;
  report.remaining = remaining;
  return report;
}

Fleet::Fleet(SchedulerConfig config, ProviderRules rules, std::uint64_t seed)
    : config_(config),
      rules_(rules),
      scheduler_(std::move(config)),
      random_(seed),
      level_(rules.requests),
      burst_(rules.quantum > 0 ? rules.quantum : rules.requests),
      token_level_(rules.tokens.value_or(0)),
      window_end_(start + config_.minute - rules.phase) {
  if (rules_.kind == ProviderRules::Kind::window && rules_.lazy_window) window_end_ = start;
}

RunId Fleet::add(const AgentPlan& plan, Priority priority, double weight) {
  const auto number = agents_.size();
  agents_.push_back({plan});
  auto& run = agents_.back().plan.run;
  if (run == 0) run = 1000 + number;
  schedule(start + plan.begin, [this, number, run, priority, weight] {
    if (!scheduler_.run_snapshot(run)) scheduler_.add_run(run_spec(run, priority, weight), now_);
    begin_turn(number);
  });
  return run;
}

void Fleet::at(Duration after_start, std::function<void()> event) { schedule(start + after_start, std::move(event)); }
void Fleet::schedule(TimePoint when, std::function<void()> event) { events_.emplace(when, std::move(event)); }

FleetResult Fleet::run(Duration longest) {
  while (!events_.empty() && events_.begin()->first <= start + longest) {
    now_ = events_.begin()->first;
    auto event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    event();
    act();
  }
  for (const auto& agent : agents_) {
    if (!agent.dead && agent.turn < agent.plan.turns) ++result_.dead;  // never came to its end
  }
  return result_;
}

void Fleet::begin_turn(std::size_t number) {
  Agent& agent = agents_[number];
  agent.open = agent.plan.at_once;
  for (int i = 0; i < agent.plan.at_once; ++i) {
    auto asked = profile("anthropic", agent.plan.input, 4096);
    asked.agent = agent.plan.name;
    const auto id = scheduler_.submit(agent.plan.run, std::move(asked), now_);
    exchanges_[id] = {number, now_};
  }
}

void Fleet::act() {
  for (const auto& action : scheduler_.act(now_)) {
    if (const auto* dispatch = std::get_if<Dispatch>(&action)) {
      const auto& exchange = exchanges_.at(dispatch->request);
      result_.waits.push_back(now_ - exchange.submitted);
      result_.order.emplace_back(now_, agents_[exchange.agent].plan.run);
      send(dispatch->request);
    } else {
      ++result_.refused;
      ended(std::get<Refuse>(action).request, false);
    }
  }
  const auto wake = scheduler_.wake_at();
  if (wake && wake != armed_) {
    armed_ = wake;
    schedule(std::max(*wake, now_), [] {});
  }
}

void Fleet::send(RequestId id) {
  ++result_.requests;
  const auto detour =
      from_seconds(in_seconds(rules_.way_jitter) * std::uniform_real_distribution<double>(0, 1)(random_));
  schedule(now_ + rules_.way + detour, [this, id] { arrive(id); });
}

void Fleet::refill() {
  const double seconds = in_seconds(now_ - filled_), minute = in_seconds(config_.minute);
  filled_ = now_;
  if (rules_.kind == ProviderRules::Kind::bucket) {
    const double grown = rules_.requests / minute * seconds;
    level_ = std::min(rules_.requests, level_ + grown);
    burst_ = std::min(rules_.quantum > 0 ? rules_.quantum : rules_.requests, burst_ + grown);
  } else if (now_ >= window_end_ && !rules_.lazy_window) {
    while (window_end_ <= now_) window_end_ += config_.minute;
    level_ = rules_.requests;
  }
  if (rules_.tokens) token_level_ = std::min(*rules_.tokens, token_level_ + *rules_.tokens / minute * seconds);
}

Duration Fleet::rounded(Duration d) const {
  return rules_.whole_seconds ? std::chrono::ceil<std::chrono::seconds>(d) : d;
}

std::vector<LimitReport> Fleet::told() {
  if (!rules_.headers || rules_.kind == ProviderRules::Kind::none) return {};
  auto report = requests_left(static_cast<std::int64_t>(rules_.requests),
                              static_cast<std::int64_t>(std::floor(std::max(0.0, level_))));
  if (rules_.resets) {
    const double rate = rules_.requests / in_seconds(config_.minute);
    const auto round = [this](Duration d) {
      return rules_.early ? std::chrono::floor<std::chrono::seconds>(d) : rounded(d);
    };
    report.reset_after =
        round(rules_.kind == ProviderRules::Kind::window ? window_end_ - now_
                                                         : from_seconds((rules_.requests - level_) / rate));
  }
  std::vector<LimitReport> reports{report};
  if (rules_.tokens) {
    LimitReport tokens;
    tokens.dimension = Dimension::input_tokens;
    tokens.limit = static_cast<std::int64_t>(*rules_.tokens);
    tokens.remaining = static_cast<std::int64_t>(std::max(0.0, std::round(token_level_ / 1000) * 1000));
    tokens.granularity = 1000;
    reports.push_back(tokens);
  }
  return reports;
}

void Fleet::arrive(RequestId id) {
  refill();
  const AgentPlan plan = agents_[exchanges_.at(id).agent].plan;
  std::uniform_real_distribution<double> chance(0, 1);
  const auto answer = [this, id](Duration after, Failure failure, std::vector<LimitReport> reports) {
    schedule(now_ + after + rules_.way, [this, id, failure, reports = std::move(reports)] {
      if (failure.status > 0) scheduler_.limits_seen(id, reports, "", now_);
      if (scheduler_.failed(id, failure, {}, now_) == FailureVerdict::pass_on) ended(id, false);
    });
  };
  const bool out = now_ - start >= rules_.outage_begin && now_ - start < rules_.outage_end;
  if (out || (rules_.concurrency > 0 && active_ >= rules_.concurrency)) {
    ++result_.overloads;
    return answer(0ms, {FailureClass::overload, 529, std::nullopt, ""}, {});
  }
  const double roll = chance(random_);
  if (roll < rules_.fault + rules_.reset) {
    ++result_.faults;
    return answer(rules_.latency / 2, {FailureClass::fault, roll < rules_.fault ? 502 : 0, std::nullopt, ""}, {});
  }
  if (rules_.kind == ProviderRules::Kind::window && rules_.lazy_window && now_ >= window_end_) {
    window_end_ = now_ + config_.minute;
    level_ = rules_.requests;
  }
  const double rate = rules_.requests / in_seconds(config_.minute);
  const bool bucket = rules_.kind == ProviderRules::Kind::bucket;
  const double cost = static_cast<double>(plan.input);
  if (rules_.kind != ProviderRules::Kind::none && (level_ < 1 || (bucket && burst_ < 1))) {
    ++result_.rejected;
    Duration wait = bucket ? from_seconds((1 - std::min(level_, burst_)) / rate) : window_end_ - now_;
    if (bucket && rules_.count_rejected) level_ = std::max(0.0, level_ - 1), burst_ = std::max(0.0, burst_ - 1);
    Failure failure{FailureClass::rate_limited, 429, std::nullopt, ""};
    if (rules_.retry_after) failure.retry_after = rounded(wait);
    return answer(0ms, failure, told());
  }
  if (rules_.tokens && token_level_ < cost) {
    ++result_.rejected;
    Failure failure{FailureClass::rate_limited, 429, std::nullopt, ""};
    failure.retry_after = rounded(from_seconds((cost - token_level_) / (*rules_.tokens / in_seconds(config_.minute))));
    return answer(0ms, failure, told());
  }
  level_ -= 1;
  burst_ -= 1;
  token_level_ -= cost;
  result_.peak = std::max(result_.peak, ++active_);
  const auto took = rules_.latency + from_seconds(in_seconds(rules_.jitter) * (2 * chance(random_) - 1));
  schedule(now_ + took + rules_.way, [this, id, plan, reports = told()] {
    --active_;
    scheduler_.limits_seen(id, reports, "", now_);
    scheduler_.first_content(id, now_);
    scheduler_.finished(id, usage(plan.input, plan.output), false, now_);
    ended(id, true);
  });
}

void Fleet::ended(RequestId id, bool alive) {
  const auto number = exchanges_.at(id).agent;
  exchanges_.erase(id);
  Agent& agent = agents_[number];
  result_.makespan = now_ - start;
  if (alive) ++result_.served[agent.plan.run];
  if (!alive && !agent.dead) {
    agent.dead = true;
    ++result_.dead;
  }
  if (--agent.open > 0 || agent.dead || ++agent.turn >= agent.plan.turns) return;
  schedule(now_ + agent.plan.think, [this, number] { begin_turn(number); });
}
}  // namespace hivemind
