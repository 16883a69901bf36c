// The public class: finds what an event is about and hands it on.
#include "core/scheduler.h"

#include "core/scheduler_state.h"

namespace hivemind {

Scheduler::Scheduler(SchedulerConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Scheduler::~Scheduler() = default;
Scheduler::Scheduler(Scheduler&&) noexcept = default;

void Scheduler::configure(SchedulerConfig config, TimePoint now) {
  impl_->config = std::move(config);
  impl_->caps.configure(impl_->config);
  impl_->unpark_all(now);
  for (const auto& [key, pool] : impl_->pools) {
    impl_->release_followers(pool->caches.followers(), now);
    pool->configure(impl_->config, now);
    impl_->touch(*pool);
  }
}

void Scheduler::add_run(RunSpec spec, TimePoint now) {
  RunState& run = impl_->run_of(spec.id, now);
  const bool known = std::exchange(run.announced, true);
  spec.weight = spec.weight > 0 ? spec.weight : 1.0;
  run.spec = std::move(spec);
  if (known) return;
  const auto spent = std::max(run.spec.tokens_spent, impl_->spent_before(run.spec.id));
  run.tokens_spent += spent;
  const auto parent = impl_->runs.find(run.spec.parent);
  const bool nested = run.spec.parent != 0 && run.spec.parent != run.spec.id && parent != impl_->runs.end();
  const auto above = nested && parent->second.budget ? parent->second.budget : impl_->caps.of(run.spec.name);
  run.budget = above;
  if (!run.spec.token_budget) return;
  const bool cap = above && above->is_shared();
  run.budget = Budget::open(*run.spec.token_budget, spent, cap ? nullptr : above, cap ? above : nullptr);
}

void Scheduler::remove_run(RunId run, TimePoint now) { impl_->close_run(run, now); }

RequestId Scheduler::submit(RunId run, RequestProfile profile, TimePoint now) {
  return impl_->submit(run, std::move(profile), now);
}

void Scheduler::cancel(RequestId id, const Usage& usage, TimePoint now) {
  const auto found = impl_->requests.find(id);
  if (found != impl_->requests.end()) return impl_->cancel(found->second, usage, now);
  std::erase_if(impl_->pending, [id](const Action& a) {
    return std::visit([id](const auto& action) { return action.request == id; }, a);
  });
}

void Scheduler::limits_seen(RequestId id, std::span<const LimitReport> limits, const std::string& organisation,
                            TimePoint now) {
  const auto found = impl_->requests.find(id);
  if (found != impl_->requests.end()) impl_->limits_seen(found->second, limits, organisation, now);
}

void Scheduler::first_content(RequestId id, TimePoint now) {
  const auto found = impl_->requests.find(id);
  if (found == impl_->requests.end() || !found->second.attempt) return;
  auto& request = found->second;
  if (!std::exchange(request.attempt->answered, true)) request.pool->answered();
  if (!std::exchange(request.attempt->content, true)) {
    request.pool->succeeded(request.attempt->spending, impl_->config, now);
    if (!request.profile.prefixes.empty()) impl_->prompt_begun(request, now);
  }
  impl_->touch(*request.pool);
}

FailureVerdict Scheduler::failed(RequestId id, const Failure& failure, const Usage& usage, TimePoint now) {
  const auto found = impl_->requests.find(id);
  if (found == impl_->requests.end()) return FailureVerdict::pass_on;
  return impl_->failed(found->second, failure, usage, now);
}

void Scheduler::finished(RequestId id, const Usage& usage, bool broken, TimePoint now) {
  const auto found = impl_->requests.find(id);
  if (found != impl_->requests.end()) impl_->finished(found->second, usage, broken, now);
}

void Scheduler::drain(TimePoint deadline, TimePoint) { impl_->draining = deadline; }
std::vector<Action> Scheduler::act(TimePoint now) { return impl_->act(now); }
std::optional<TimePoint> Scheduler::wake_at() const { return impl_->wake_at(); }
std::vector<DecisionSnapshot> Scheduler::decisions(std::optional<std::uint64_t> about, std::size_t most,
                                                   TimePoint now) const {
  return impl_->decisions(about, most, now);
}
void Scheduler::wall_clock(TimePoint now, double unix_now) { impl_->wall_clock(now, unix_now); }
std::string Scheduler::save(TimePoint now, double unix_now) const { return impl_->save(now, unix_now); }
bool Scheduler::restore(std::string_view bytes, TimePoint now, double unix_now) {
  return impl_->restore(bytes, now, unix_now);
}
std::string Scheduler::spending(TimePoint now, double unix_now) { return impl_->spending(now, unix_now); }
bool Scheduler::restore_spending(std::string_view bytes, TimePoint now, double unix_now) {
  return impl_->restore_spending(bytes, now, unix_now);
}
Snapshot Scheduler::snapshot(TimePoint now) const { return impl_->snapshot(now); }

std::optional<RunSnapshot> Scheduler::run_snapshot(RunId run) const {
  const auto found = impl_->runs.find(run);
  return found == impl_->runs.end() ? std::nullopt : std::optional(impl_->describe(found->second));
}
}  // namespace hivemind
