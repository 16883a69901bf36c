#include "sim/provider/provider_model.h"

#include <algorithm>
#include <cmath>

namespace hivemind::provider {
namespace {
bool chance(double rate, Rng& rng) { return rate > 0 && std::uniform_real_distribution<>(0, 1)(rng) < rate; }

Duration draw_latency(const ModelConfig& config, Rng& rng) {
  double factor = chance(config.spike_rate, rng) ? config.spike_factor : 1;
  double jitter = std::uniform_real_distribution<>(-1, 1)(rng);
  const auto mean = static_cast<double>(config.latency.count());
  const double value = (mean + jitter * static_cast<double>(config.jitter.count())) * factor;
  return Duration(static_cast<Duration::rep>(std::max(0.0, value)));
}

std::int64_t draw_output(const ModelConfig& config, Rng& rng) {
  if (!config.output_mean) return config.fixed_output;
  if (config.output_deviation <= 0) return std::max<std::int64_t>(1, std::llround(*config.output_mean));
  return std::max<std::int64_t>(
      1, std::llround(std::normal_distribution<>(*config.output_mean, config.output_deviation)(rng)));
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}
}  // namespace

std::string model_class(std::string_view model) {
  model = model.substr(0, model.find('['));
  if (const auto dash = model.rfind('-');
      dash != model.npos && model.size() - dash == 9 && is_digits(model.substr(dash + 1)))
    model = model.substr(0, dash);
  if (!model.starts_with("claude-")) return std::string(model);
  // claude-sonnet-4-5 and claude-sonnet-4 are one class.
  const auto dash = model.rfind('-');
  const auto before = model.rfind('-', dash - 1);
  if (before != model.npos && is_digits(model.substr(dash + 1)) &&
      is_digits(model.substr(before + 1, dash - before - 1)))
    model = model.substr(0, dash);
  return std::string(model);
}

ProviderModel::Pool& ProviderModel::pool(const std::string& account, const std::string& model, TimePoint now) {
  const auto name = model_class(model);
  auto [found, is_new] = pools_.try_emplace({account, name});
  if (is_new) {
    found->second.cache = PromptCache(config_.cache_ttl);
    for (const auto& spec : config_.limits)
      if (name.starts_with(spec.model)) found->second.limits.emplace_back(spec, now);
  }
  return found->second;
}

std::optional<Rejection> ProviderModel::charge(Pool& pool, const ModelRequest& request, const CacheUse& prompt,
                                               TimePoint now) {
  // Cache reads are free for input limits (Anthropic); a limit on all tokens counts the whole prompt (OpenAI).
  const auto need = [&](const LimitSpec& limit) -> std::int64_t {
    switch (limit.dimension) {
      case Dimension::requests:
        return 1;
      case Dimension::input_tokens:
        return prompt.input + prompt.written;
      case Dimension::output_tokens:
        return 1;
      case Dimension::tokens:
        return prompt.input + prompt.written + prompt.read + (limit.charge_max ? request.max_tokens.value_or(0) : 0);
    }
    return 0;
  };
  std::optional<Rejection> worst;
  for (auto& limit : pool.limits) {
    const auto wait = limit.wait_for(need(limit.spec()), now);
    if (wait && *wait == Duration::zero()) continue;
    if (worst && worst->retry_after && wait && *wait <= *worst->retry_after) continue;
    worst = Rejection{.limit = limit.spec(),
                      .used = limit.spec().amount - limit.remaining(now),
                      .requested = need(limit.spec()),
                      .retry_after = wait};
    if (!wait) break;
  }
  for (auto& limit : pool.limits) {
    if (worst)
      limit.take_rejected(now);
    else if (limit.spec().dimension != Dimension::output_tokens)
      limit.take(need(limit.spec()), now);
  }
  return worst;
}

std::optional<Fault> ProviderModel::draw_fault(bool early, Rng& rng) const {
  for (const bool resets : {true, false})
    for (const auto& [fault, rate] : config_.faults)
      if (fault.happens_early() == early && (fault.kind == FaultKind::reset) == resets && chance(rate, rng))
        return fault;
  return std::nullopt;
}

Verdict ProviderModel::begin(const ModelRequest& request, TimePoint now, Rng& rng) {
  Verdict verdict;
  const bool scripted = !script_.empty();
  if (scripted) {
    verdict.fault = script_.front();
    script_.pop_front();
  }
  verdict.latency = draw_latency(config_, rng);
  verdict.output_tokens = draw_output(config_, rng);
  if (request.max_tokens && verdict.output_tokens > *request.max_tokens) {
    verdict.output_tokens = std::max<std::int64_t>(0, *request.max_tokens);
    verdict.cut_by_max_tokens = true;
  }
  auto& shared = pool(request.account, request.model, now);
  auto& running = in_flight_[request.account];

  const auto refuse = [&](int status) {
    verdict.fault = {.kind = FaultKind::status, .status = status, .delay = {}};
    verdict.latency = {};
  };
  const bool early_script = verdict.fault.kind != FaultKind::none && verdict.fault.happens_early();
  if (!early_script && config_.concurrency_cap > 0 && running >= config_.concurrency_cap) {
    verdict.over_capacity = true;
    refuse(529);
    return verdict;
  }
  if (!scripted) verdict.fault = draw_fault(true, rng).value_or(Fault{});
  if (verdict.fault.kind != FaultKind::none && verdict.fault.happens_early()) {
    if (verdict.fault.kind == FaultKind::status && (verdict.fault.status == 429 || verdict.fault.status == 529)) {
      verdict.latency = {};
      return verdict;
    }
  } else {
    verdict.prompt = shared.cache.look_up(request.prompt, request.cache_step, now);
    const auto tokens = verdict.prompt.input + verdict.prompt.written + verdict.prompt.read +
                        request.max_tokens.value_or(verdict.output_tokens);
    if (config_.acceleration > 0 && !shared.traffic.may_grow(tokens, config_.acceleration, now)) {
      verdict.too_fast = true;
      refuse(429);
      return verdict;
    }
    if (auto rejection = charge(shared, request, verdict.prompt, now)) {
      refuse(429);
      verdict.fault.delay = rejection->retry_after;
      verdict.rejection = std::move(rejection);
      return verdict;
    }
    if (config_.acceleration > 0) shared.traffic.add(tokens, now);
    if (!scripted) verdict.fault = draw_fault(false, rng).value_or(Fault{});
  }
  ++running;
  verdict.admitted = true;
  return verdict;
}

void ProviderModel::content_begins(const ModelRequest& request, TimePoint now) {
  pool(request.account, request.model, now).cache.commit(request.prompt, now);
}

void ProviderModel::produced(const ModelRequest& request, std::int64_t tokens, TimePoint now) {
  for (auto& limit : pool(request.account, request.model, now).limits) {
    const auto& spec = limit.spec();
    if (spec.dimension == Dimension::output_tokens || (spec.dimension == Dimension::tokens && !spec.charge_max))
      limit.take(tokens, now);
  }
}

void ProviderModel::end(const ModelRequest& request) {
  if (const auto found = in_flight_.find(request.account); found != in_flight_.end() && found->second > 0)
    --found->second;
}

std::vector<LimitState> ProviderModel::limits(const std::string& account, const std::string& model, TimePoint now) {
  std::vector<LimitState> states;
  for (auto& limit : pool(account, model, now).limits)
    states.push_back({.dimension = limit.spec().dimension,
                      .limit = limit.spec().amount,
                      .remaining = limit.remaining(now),
                      .reset_after = limit.reset_after(now)});
  return states;
}

int ProviderModel::in_flight(const std::string& account) const {
  const auto found = in_flight_.find(account);
  return found == in_flight_.end() ? 0 : found->second;
}

void ProviderModel::forget_accounts() { pools_.clear(); }
}  // namespace hivemind::provider
