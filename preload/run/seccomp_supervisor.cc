#include "preload/run/seccomp_supervisor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "preload/run/seccomp_notify.h"

namespace hivemind::run {
Supervisor::Supervisor(int notify, InHand& in_hand, hm_table& table, int run_listener)
    : notify_(notify), redirects_(table, run_listener), left_over_targets_(table), stop_(::eventfd(0, EFD_CLOEXEC)) {
  wake_callers_in_place(notify_);
  const auto left_over = in_hand.left_over();
  for (auto& call : in_hand.calls())
    if (call.held.id == 0) free_.push_back(&call);
  next_ = take_free();
  if (!left_over.empty())
    workers_.give([this, left_over] {
      for (auto* call : left_over) {
        finish_left_over(notify_, *call, left_over_targets_);
        give_back(call);
      }
    });
  thread_ = std::thread([this] { serve(); });
}

Supervisor::~Supervisor() {
  const std::uint64_t one = 1;
  if (::write(stop_.get(), &one, sizeof one) == static_cast<ssize_t>(sizeof one)) thread_.join();
}

void Supervisor::stay() { thread_.detach(); }

void Supervisor::serve() {
  while (true) {
    pollfd ready[] = {{notify_, POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0) continue;
    if (ready[1].revents != 0) return;
    if ((ready[0].revents & POLLIN) != 0)
      handle_next();
    else if (ready[0].revents != 0)
      return;  // the last process that the filter held has ended
  }
}

void Supervisor::handle_next() {
  if (!receive_call(notify_, next_->held)) return put_down(*next_);
  auto redirected = redirects_.prepare(notify_, next_->held);
  if (!redirected) return finish(*next_, Outcome{});
  next_->to = redirected->to;
  next_->to_size = redirected->to_size;
  next_->is_underway.store(redirected->fast_open ? 0 : 1, std::memory_order_release);
  if (redirects_.may_wait(*redirected) && give_to_worker(*redirected)) return;
  finish(*next_, redirects_.perform(*redirected));
}

bool Supervisor::give_to_worker(Redirected& redirected) {
  auto* const fresh = take_free();
  if (fresh == nullptr) return false;
  auto* const call = std::exchange(next_, fresh);
  // std::function wants to be copied.
  workers_.give([this, call, shared = std::make_shared<Redirected>(std::move(redirected))] {
    finish(*call, redirects_.perform(*shared));
    give_back(call);
  });
  return true;
}

CallInHand* Supervisor::take_free() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return nullptr;
  auto* const call = free_.back();
  free_.pop_back();
  return call;
}

void Supervisor::give_back(CallInHand* call) {
  const std::lock_guard lock(mutex_);
  free_.push_back(call);
}

void Supervisor::finish(CallInHand& call, const Outcome& outcome) {
  if (outcome.let_go)
    let_go(notify_, call.held.id);
  else
    end_call(notify_, call.held.id, outcome.result);
  put_down(call);
}
}  // namespace hivemind::run
