#include "preload/run/seccomp_workers.h"

#include <system_error>
#include <utility>

namespace hivemind::run {
Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  given_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Workers::give(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(work));
  if (idle_ >= queue_.size() || threads_.size() >= most) return given_.notify_one();
  try {
    threads_.emplace_back([this] { serve(); });
  } catch (const std::system_error&) {
    if (!threads_.empty()) return given_.notify_one();
    auto alone = std::move(queue_.back());  // no thread to be had: it is done here
    queue_.pop_back();
    alone();
  }
}

void Workers::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    given_.wait(lock, [this] { return !queue_.empty() || ending_; });
    --idle_;
    if (queue_.empty()) return;
    const auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}
}  // namespace hivemind::run
