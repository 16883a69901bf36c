// seccomp_workers.h - threads for held calls that may wait, so that nobody else's does.
// Started when needed, at most `most`; what comes on top waits its turn.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hivemind::run {
class Workers {
public:
  static constexpr std::size_t most = 64;
  ~Workers();  // when all that was given is done
  void give(std::function<void()> work);

private:
  void serve();
  std::mutex mutex_;
  std::condition_variable given_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool ending_ = false;
};
}  // namespace hivemind::run
