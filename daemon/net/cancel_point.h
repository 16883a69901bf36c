// cancel_point.h - how somebody outside ends the wait a coroutine is in right now.
// The coroutine says before each wait what would end it; a request that came earlier is seen by requested().
// Event-loop thread only.
#pragma once
#include <functional>
#include <utility>

namespace hivemind {

class CancelPoint {
public:
  void request() {
    requested_ = true;
    if (auto end_wait = std::exchange(end_wait_, nullptr)) end_wait();
  }
  bool requested() const { return requested_; }

  // While it lives, request() calls `end_wait`; one that was made before does so at once, so none is lost between
  // waits.
  class Scope {
  public:
    Scope(CancelPoint& point, std::function<void()> end_wait) : point_(point) {
      if (point_.requested_)
        end_wait();
      else
        point_.end_wait_ = std::move(end_wait);
    }
    ~Scope() { point_.end_wait_ = nullptr; }
    Scope(const Scope&) = delete;

  private:
    CancelPoint& point_;
  };

private:
  bool requested_ = false;
  std::function<void()> end_wait_;
};
}  // namespace hivemind
