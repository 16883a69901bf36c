// An attempt on its way to the provider and back.
#include <algorithm>

#include "sim/simulation.h"

namespace hivemind::sim {
namespace {
using provider::FaultKind;
constexpr Duration warm_up = 2min;           // by then limits that nobody announces should be known
constexpr Duration daemon_patience = 10min;  // the daemon's own timeout of a silent upstream

// It breaks after content reached the client.
bool breaks_late(FaultKind kind) { return kind >= FaultKind::reset_mid_stream && kind != FaultKind::stream_overloaded; }
}  // namespace

void Simulation::send(std::uint32_t index) {
  Exchange& exchange = exchanges_[index];
  exchange.sent = now_;
  exchange.number = ++last_number_;
  exchange.listener.reset();
  later(way(), Kind::arrive, index);
}

void Simulation::arrive(std::uint32_t index) {
  Exchange& exchange = exchanges_[index];
  ++outcome_.attempts;
  for (const auto& outage : scenario_.provider.outages)
    if (const auto at = since_start(now_); at >= outage.begin && at < outage.begin + outage.length)
      model_.set_script({outage.fault});
  exchange.verdict = model_.begin(exchange.ask, now_, provider_rng_);
  auto& verdict = exchange.verdict;
  const auto& group = *agents_[exchange.agent].group;
  if (group.output_mean) {
    provider::ModelConfig lengths;
    const double drawn = std::normal_distribution<>(*group.output_mean, group.output_deviation)(provider_rng_);
    verdict.output_tokens = std::clamp<std::int64_t>(std::llround(drawn), 1, group.max_tokens);
  }
  const auto& fault = verdict.fault;
  const bool warm = since_start(now_) >= warm_up, rejected = fault.kind == FaultKind::status && fault.status == 429;
  outcome_.warm_attempts += warm;
  outcome_.warm_rejected += warm && rejected;
  if (rejected)
    ++outcome_.rejected;
  else if (fault.kind == FaultKind::status && fault.status == 529)
    ++outcome_.overloads;
  else if (fault.kind != FaultKind::none)
    ++outcome_.faults;
  exchange.worked_on = verdict.admitted;
  exchange.work = outcome_.work.size();
  if (verdict.admitted && (fault.kind == FaultKind::none || !fault.happens_early()))
    outcome_.work.push_back({.asked = since_start(exchange.begun),
                             .sent = since_start(exchange.sent),
                             .at = since_start(now_),
                             .agent = exchange.agent,
                             .input = verdict.prompt.input + verdict.prompt.written,
                             .cache_read = verdict.prompt.read,
                             .max_tokens = group.max_tokens});
  exchange.limits = limits(exchange);
  auto latency = verdict.latency;
  if (fault.kind == FaultKind::stall_before_head) latency += std::min(*fault.delay, daemon_patience);
  later(latency, Kind::answer, index);
}

std::vector<provider::LimitState> Simulation::limits(const Exchange& exchange) {
  if (!scenario_.provider.announces) return {};
  return model_.limits(exchange.ask.account, exchange.ask.model, now_);
}

Speaker::Told Simulation::told(const Exchange& exchange, const std::vector<provider::LimitState>& limits) const {
  return {exchange.verdict, limits, exchange.ask.model, exchange.number, unix_now()};
}

// The provider's first byte, or what it does in place of it.
void Simulation::answer(std::uint32_t index) {
  Exchange& exchange = exchanges_[index];
  const auto& fault = exchange.verdict.fault;
  const auto to_tell = told(exchange, exchange.limits);
  exchange.reply.clear();
  const bool goes_on = fault.kind == FaultKind::none && scenario_.provider.token_time > Duration::zero();
  switch (fault.kind) {
    case FaultKind::status:
    case FaultKind::spend_cap:
      exchange.reply = speaker_.error(fault, to_tell);
      break;
    case FaultKind::reset:
    case FaultKind::close:
    case FaultKind::stall_before_head:
      break;
    case FaultKind::reset_after_head:
      exchange.reply = speaker_.success_head(to_tell);
      break;
    case FaultKind::stream_overloaded:
      exchange.reply = speaker_.success_head(to_tell) + speaker_.opening(to_tell) + speaker_.overloaded(to_tell);
      break;
    default:
      model_.content_begins(exchange.ask, now_);
      exchange.reply = speaker_.success_head(to_tell) + speaker_.opening(to_tell) + speaker_.content(to_tell);
      if (fault.kind != FaultKind::none || goes_on) break;
      exchange.reply += speaker_.closing(to_tell);
      stop_working(exchange, true);
  }
  if (goes_on)
    later(scenario_.provider.token_time * exchange.verdict.output_tokens, Kind::last_byte, index);
  else
    stop_working(exchange, false);
  later(way(), Kind::hear, index);
}

void Simulation::last_byte(std::uint32_t index) {
  stop_working(exchanges_[index], true);
  later(way(), Kind::hear_end, index);
}

// The provider is done with it; `delivered`: by answering.
void Simulation::stop_working(Exchange& exchange, bool delivered) {
  if (!std::exchange(exchange.worked_on, false)) return;
  model_.end(exchange.ask);
  const auto& prompt = exchange.verdict.prompt;
  if (delivered) {
    model_.produced(exchange.ask, exchange.verdict.output_tokens, now_);
    auto& work = outcome_.work[exchange.work];
    work.output = exchange.verdict.output_tokens;
    work.took = exchange.verdict.latency + scenario_.provider.token_time * work.output;
    work.delivered = true;
  } else {
    outcome_.wasted_tokens += prompt.input + prompt.read + prompt.written;
  }
}

// The daemon, or the client itself, reads what came: the head, and the body as far as it is there.
void Simulation::hear(std::uint32_t index) {
  Exchange& exchange = exchanges_[index];
  if (exchange.reply.empty())
    return attempt_failed(index, {FailureClass::fault, 0, std::nullopt, "connection lost"}, {});
  const std::string_view reply = exchange.reply;
  const auto head_size = find_head_end(reply);
  exchange.listener = std::make_unique<Listener>(dialect_, reply.substr(0, head_size), unix_now());
  auto& listener = *exchange.listener;
  if (scheduler_) scheduler_->limits_seen(exchange.request, listener.limits(), listener.organisation(), now_);
  listener.feed(reply.substr(head_size));
  const bool over = listener.status() >= 400 || listener.complete();
  if (over) listener.finish();
  if (scheduler_)
    if (const auto limits = listener.body_limits(); !limits.empty())
      scheduler_->limits_seen(exchange.request, limits, {}, now_);
  if (const auto failure = listener.failure(); failure && !listener.content_begun())
    return attempt_failed(index, *failure, listener.usage());
  if (!listener.content_begun())
    return attempt_failed(index, {FailureClass::fault, listener.status(), std::nullopt, "broke before content"},
                          listener.usage());
  exchange.content = true;
  if (scheduler_) scheduler_->first_content(exchange.request, now_);
  if (breaks_late(exchange.verdict.fault.kind)) {
    if (scheduler_) {
      scheduler_->finished(exchange.request, listener.usage(), true, now_);
      by_request_.erase(exchange.request);
    }
    return went_wrong(index, {.status = 200, .retry_after = {}, .should_retry = false}, "stream broke");
  }
  if (over) hear_end(index);
}

void Simulation::hear_end(std::uint32_t index) {
  Exchange& exchange = exchanges_[index];
  auto& listener = *exchange.listener;
  if (!listener.complete()) {
    const std::vector<provider::LimitState> none;
    listener.feed(speaker_.closing(told(exchange, none)));
    listener.finish();
  }
  const auto usage = listener.usage();
  if (scheduler_) {
    const Agent& agent = agents_[exchange.agent];
    const auto before = agent.group->token_budget ? set_aside(agent.run) : 0;
    scheduler_->finished(exchange.request, usage, false, now_);
    by_request_.erase(exchange.request);
    if (agent.group->token_budget) {
      outcome_.bounded_by += before - set_aside(agent.run);
      outcome_.bounded += usage.total();
    }
  }
  delivered(index, usage);
}

void Simulation::attempt_failed(std::uint32_t index, const Failure& failure, const Usage& usage) {
  Exchange& exchange = exchanges_[index];
  span(exchange, Span::Kind::fails, exchange.sent);
  if (scheduler_) {
    exchange.waiting_since = now_;
    if (scheduler_->failed(exchange.request, failure, usage, now_) == FailureVerdict::retry) return;
    by_request_.erase(exchange.request);
  }
  const std::string reason = failure.status ? "HTTP " + std::to_string(failure.status) : "connection reset";
  went_wrong(index, {failure.status, failure.retry_after, true}, reason);
}

// The client has left.
void Simulation::cancel_upstream(Exchange& exchange) {
  if (scheduler_ && by_request_.erase(exchange.request) > 0)
    scheduler_->cancel(exchange.request, exchange.listener ? exchange.listener->usage() : Usage{}, now_);
  stop_working(exchange, false);
}
}  // namespace hivemind::sim
