#include "net/admission.h"

namespace hivemind {

Admission::Admission(asio::io_context& loop, SchedulerConfig config) : scheduler_(std::move(config)), timer_(loop) {}

void Admission::configure(SchedulerConfig config) {
  const auto now = Clock::now();
  scheduler_.configure(std::move(config), now);
  act(now);
}

void Admission::add_run(RunSpec run) {
  const auto now = Clock::now();
  scheduler_.add_run(std::move(run), now);
  act(now);
}

void Admission::remove_run(RunId run) {
  const auto now = Clock::now();
  scheduler_.remove_run(run, now);
  act(now);
}

void Admission::drain(TimePoint deadline) {
  const auto now = Clock::now();
  scheduler_.drain(deadline, now);
  act(now);
}

double Admission::unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void Admission::tell_time() {
  const auto now = Clock::now();
  scheduler_.wall_clock(now, unix_time());
  act(now);
}

RequestId Admission::submit(RunId run, RequestProfile profile) {
  const auto now = Clock::now();
  const auto request = scheduler_.submit(run, std::move(profile), now);
  open_.try_emplace(request);
  act(now);
  return request;
}

asio::awaitable<std::optional<Refusal>> Admission::admitted(RequestId request, CancelPoint& cancel) {
  Open& open = open_.at(request);
  while (!open.action && !cancel.requested()) {
    CancelPoint::Scope scope(cancel, [&open] { open.waiter.wake(); });
    co_await open.waiter.wait();
  }
  std::optional<Refusal> refusal;
  if (open.action) {
    if (auto* refuse = std::get_if<Refuse>(&*open.action)) {
      refusal = std::move(refuse->refusal);
      open_.erase(request);
    } else {
      open.action.reset();
    }
  }
  co_return refusal;
}

void Admission::limits_seen(RequestId request, std::span<const LimitReport> limits, const std::string& organisation) {
  const auto now = Clock::now();
  scheduler_.limits_seen(request, limits, organisation, now);
  act(now);  // a limit that is higher than believed lets others go before this response ends
}

void Admission::first_content(RequestId request) { scheduler_.first_content(request, Clock::now()); }

FailureVerdict Admission::failed(RequestId request, const Failure& failure, const Usage& usage) {
  const auto now = Clock::now();
  const auto verdict = scheduler_.failed(request, failure, usage, now);
  if (verdict == FailureVerdict::pass_on) open_.erase(request);
  act(now);
  return verdict;
}

void Admission::finished(RequestId request, const Usage& usage, bool broken) {
  const auto now = Clock::now();
  scheduler_.finished(request, usage, broken, now);
  open_.erase(request);
  act(now);
}

void Admission::cancelled(RequestId request, const Usage& usage) {
  const auto now = Clock::now();
  scheduler_.cancel(request, usage, now);
  open_.erase(request);
  act(now);
}

void Admission::act(TimePoint now) {
  auto actions = scheduler_.act(now);
  if (keep_)
    if (const auto spending = scheduler_.spending(now, unix_time()); !spending.empty()) keep_(spending);
  for (auto& action : actions) {
    const auto request = std::visit([](const auto& a) { return a.request; }, action);
    const auto found = open_.find(request);
    if (found == open_.end()) continue;
    found->second.action = std::move(action);
    found->second.waiter.wake();
  }
  arm();
}

void Admission::arm() {
  const auto wake = scheduler_.wake_at();
  if (wake == armed_) return;
  armed_ = wake;
  if (!wake) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*wake);
  timer_.async_wait([this](error_code ec) {
    if (ec) return;
    armed_.reset();
    act(Clock::now());
  });
}
}  // namespace hivemind
