#include "core/pool.h"

#include <algorithm>
#include <utility>

#include "core/demand.h"

namespace hivemind {

const ProviderSeed& seed_of(const SchedulerConfig& config, const std::string& provider) {
  static const ProviderSeed none;
  auto seed = config.seeds.find(provider);
  if (seed == config.seeds.end()) seed = config.seeds.find("");
  return seed == config.seeds.end() ? none : seed->second;
}

namespace {
constexpr Amounts ordinary{1, 1000, 1000, 2000};
constexpr int faulty_over = 16;  // attempts that count

// Others tell by a rejection that they have such a rule.
double acceleration_floor(const SchedulerConfig& config, const std::string& provider) {
  return provider == "openai" ? static_cast<double>(config.acceleration_floor) : 1e15;
}
RunQueue::Options order_of(const SchedulerConfig& config) {
  return {config.policy, config.fair_order, config.aging_step};
}
}  // namespace

Pool::Pool(std::string provider, std::string account, std::string model_class, const SchedulerConfig& config,
           TimePoint now)
    : queue(order_of(config)),
      retries(config, now),
      used_at(now),
      provider_(std::move(provider)),
      account_(std::move(account)),
      model_class_(std::move(model_class)),
      aimd_(seed_of(config, provider_), config.minute, now, config.slow_start),
      acceleration_(acceleration_floor(config, provider_), config.minute, now) {
  limits.seed(seed_of(config, provider_), config.minute, now);
  scale_ = limits.share(ordinary, config.minute);
}

void Pool::configure(const SchedulerConfig& config, TimePoint now) {
  aimd_.configure(seed_of(config, provider_), config.minute, config.slow_start);
  acceleration_.configure(acceleration_floor(config, provider_), config.minute);
  limits.seed(seed_of(config, provider_), config.minute, now);
  queue.configure(order_of(config), now);
  changed = true;
}

Gate Pool::gate(const Amounts& need, Duration patience, const SchedulerConfig& config, TimePoint now) const {
  if (config.long_windows) {
    if (const auto wait = windows.closed(now)) return {Gate::Kind::window, wait->until, {}, wait->window};
  }
  if (config.breakers) {
    if (!overload_.admits(now))
      return {Gate::Kind::overload,
              overload_.state() == Breaker::State::open ? overload_.probe_at() : TimePoint::max()};
    if (!fault_.admits(now))
      return {Gate::Kind::fault, fault_.state() == Breaker::State::open ? fault_.probe_at() : TimePoint::max()};
    if (quota_ && in_flight_ > 0) return {Gate::Kind::quota};
  }
  if (config.rate_limits) {
    // Those under way come back soon, and one in so many for a second attempt.
    const double requests = static_cast<double>(queue.size()) + in_flight_;
    if (const auto wait = limits.wait(need, now, {requests / (1 - faulty_), patience})) {
      if (!wait->limit) return {Gate::Kind::cooldown, wait->until};
      return {Gate::Kind::limit, wait->until, wait->limit->dimension(), nullptr, wait->limit};
    }
  }
  if (config.acceleration) {
    if (const auto ready = acceleration_.ready_at(of(need, Dimension::tokens), now); ready > now)
      return {Gate::Kind::acceleration, ready};
  }
  if (config.admission && in_flight_ >= aimd_.allowed(now)) {
    return {Gate::Kind::concurrency, aimd_.opens_at(in_flight_, now).value_or(TimePoint::max())};
  }
  return {};
}

Gate Pool::held(const RunQueue::Item& item, const SchedulerConfig& config, TimePoint now) {
  if (!config.admission || item.held || !queue.policy().holds_turns()) return {};
  const auto active = holds.active(now);
  if (active == 0 || in_flight_ + static_cast<int>(active) < aimd_.allowed(now)) return {};
  return {Gate::Kind::hold, holds.next_end().value_or(TimePoint::max())};
}

// Who waits for one that is paced waits for all before it, so what is left of the first one's time is shared out.
Gate Pool::paced(TimePoint deadline, const SchedulerConfig& config, TimePoint now) const {
  if (!config.long_windows) return {};
  const auto wait = windows.paced(spent(), config.pace_from, now);
  if (!wait) return {};
  const auto share = (deadline - sent_at_) / static_cast<Duration::rep>(queue.size() + 1);
  const TimePoint until = std::min(wait->until, sent_at_ + share);
  return until <= now ? Gate{} : Gate{Gate::Kind::pace, until, {}, wait->window};
}

double Pool::weighed(const Amounts& amounts) {
  constexpr double per_request = 1000;
  return of(amounts, Dimension::input_tokens) + of(amounts, Dimension::output_tokens) +
         per_request * of(amounts, Dimension::requests);
}

Spending Pool::sent(std::uint64_t attempt, const Amounts& need, const SchedulerConfig& config, TimePoint now) {
  aimd_.dispatched(attempt, in_flight_, now);
  if (config.breakers) {
    overload_.dispatched(attempt);
    fault_.dispatched(attempt);
  }
  ++in_flight_;
  last_sent_ = attempt;
  sent_at_ = now;
  if (config.acceleration) acceleration_.spend(of(need, Dimension::tokens), now);
  windows.spend(weighed(need), spent(), config.pace_from, config.max_cooldown, now);
  auto spending = limits.reserve(attempt, need, now);
  spending.under_way = in_flight_;
  return spending;
}

void Pool::ended(TimePoint now) {
  --in_flight_;
  changed = true;
  used_at = now;
  if (in_flight_ == 0) aimd_.idle_since(now);
}

std::optional<double> Pool::rescaled(const SchedulerConfig& config) {
  constexpr double alike = 1.1;
  const double scale = limits.share(ordinary, config.minute);
  if (scale <= alike * scale_ && scale_ <= alike * scale) return std::nullopt;
  return scale / std::exchange(scale_, scale);
}

void Pool::answered() {
  aimd_.answered();
  changed = true;
}

void Pool::observe(Spending& spending, std::span<const LimitReport> reports, const SchedulerConfig& config,
                   TimePoint now) {
  for (const auto& report : reports) {
    if (report.dimension == Dimension::concurrency && report.limit) aimd_.cap(*report.limit);
  }
  windows.observe(reports, weighed(spending.spent_before), config.minute, config.max_cooldown, now);
  limits.heard(reports, config.minute, now);
  if (!reports.empty()) limits.observe(spending, reports, config.minute, now);
}

void Pool::succeeded(const Spending& spending, const SchedulerConfig& config, TimePoint now) {
  overload_.succeeded(spending.attempt);
  fault_.succeeded(spending.attempt);
  if (const auto full = unnamed_.served(spending.under_way, spending.sent); full && config.rate_limits)
    limits.learn_requests(before_unnamed_, *full, config.minute, now);
  quota_ = false;
  faulty_ -= faulty_ / faulty_over;
  aimd_.succeeded(in_flight_, now);
  changed = true;
}

// A 429 that says nothing: of a limit that others told of, its own arithmetic; else hold and look.
void Pool::limited_unnamed(const Spending& spending, const SchedulerConfig& config, TimePoint now) {
  if (!counts_rates(provider_)) return;
  if (const auto full = limits.full_for(spending, now)) {
    limits.rejected(spending, *full, config.minute, config.max_cooldown, now);
    return;
  }
  const double before = limits.sent_before(spending, config.minute);
  const auto hold = unnamed_.rejected(spending.under_way, spending.sent, config.backoff_base, config.backoff_cap, now);
  if (!hold) return;
  if (*hold == std::min(config.backoff_base, config.backoff_cap)) before_unnamed_ = before;
  limits.cool_down(now + *hold);
}

// A 429 that names a delay: nothing goes out until then. One that names none, or when nobody tells the limits: feel
// the way with one at a time.
void Pool::limited(const Spending& spending, const Failure& failure, const SchedulerConfig& config, Jitter& jitter,
                   TimePoint now) {
  ++rate_limited;
  const auto wait = failure.retry_after;
  if (config.long_windows && wait && failure.failure_class == FailureClass::long_window &&
      windows.reject(*wait, weighed(spending.spent_before), config.minute, config.max_cooldown, now))
    return;
  if (wait && *wait > config.max_hold) {
    quota_ = true;
    return;
  }
  if (wait) {
    // Other machines may wait for the same instant: up to a tenth later, at most a sixtieth of a minute.
    const double most = std::min(in_seconds(*wait) / 10, in_seconds(config.minute) / 60);
    limits.rejected(spending, *wait, config.minute, config.max_cooldown, now);
    limits.cool_down(now + std::min(*wait + from_seconds(most * jitter.uniform()), config.max_cooldown));
  }
  if (failure.failure_class == FailureClass::long_window) {
    quota_ = quota_ || !wait;
    return;
  }
  if (!wait && config.rate_limits) limited_unnamed(spending, config, now);
  if (!wait || !limits.knows_requests() || *wait > config.minute) aimd_.explore(now);
  aimd_.congested(spending.attempt);
}

Pool::Told Pool::failed(const Spending& spending, const Failure& failure, const SchedulerConfig& config, Jitter& jitter,
                        TimePoint now) {
  const auto attempt = spending.attempt;
  Told told{.probe = overload_.is_probe(attempt) || fault_.is_probe(attempt), .probe_at = {}};
  bool overload_told = false, fault_told = false;
  switch (failure.failure_class) {
    case FailureClass::rate_limited:
    case FailureClass::long_window:
      limited(spending, failure, config, jitter, now);
      break;
    case FailureClass::ramp:
      ++rate_limited;
      aimd_.congested(attempt);
      aimd_.slow_down(now);
      acceleration_.refused(now);
      if (failure.retry_after && *failure.retry_after <= config.max_hold)
        limits.cool_down(now + std::min(*failure.retry_after, config.max_cooldown));
      break;
    case FailureClass::overload:
      ++overloads;
      aimd_.congested(attempt);
      if (config.breakers) overload_.failed(attempt, last_sent_, config, jitter, now);
      limits.lost(spending, now);
      faulty_ += (1 - faulty_) / faulty_over;
      overload_told = true;
      break;
    case FailureClass::fault:
      ++faults;
      if (config.breakers) fault_.failed(attempt, last_sent_, config, jitter, now);
      limits.lost(spending, now);
      faulty_ += (1 - faulty_) / faulty_over;
      fault_told = true;
      break;
    case FailureClass::permanent_quota:
      quota_ = true;
      break;
    case FailureClass::retryable:
      break;
    case FailureClass::client_error:  // the provider is well: it found fault with the request
      overload_.succeeded(attempt);
      fault_.succeeded(attempt);
      break;
  }
  if (!overload_told) overload_.undecided(attempt, now);
  if (!fault_told) fault_.undecided(attempt, now);
  for (const auto* breaker : {&overload_, &fault_}) {
    if (breaker->state() == Breaker::State::open)
      told.probe_at = std::max(told.probe_at, std::optional(breaker->probe_at()));
  }
  changed = true;
  return told;
}

void Pool::undecided(std::uint64_t attempt, TimePoint now) {
  overload_.undecided(attempt, now);
  fault_.undecided(attempt, now);
}

std::string Pool::breaker(TimePoint now) const {
  for (const auto& [breaker, name] : {std::pair{&overload_, "overload"}, std::pair{&fault_, "fault"}}) {
    if (breaker->state() == Breaker::State::closed) continue;
    const bool waits = breaker->state() == Breaker::State::open && now < breaker->probe_at();
    return std::string(waits ? "open (" : "probing (") + name + ")";
  }
  return quota_ ? "quota exhausted" : "closed";
}

void Pool::merge(const Pool& other, TimePoint now) {
  limits.merge(other.limits, now);
  windows.merge(other.windows, spent(), now);
  caches.merge(other.caches);
  acceleration_.merge(other.acceleration_, now);
  in_flight_ += other.in_flight_;
  rate_limited += other.rate_limited;
  overloads += other.overloads;
  faults += other.faults;
  quota_ = quota_ || other.quota_;
  last_sent_ = std::max(last_sent_, other.last_sent_);
  changed = true;
}
}  // namespace hivemind
