// event_queue.h - what is still to happen, in the order of time; at one instant in the order it was scheduled.
#pragma once
#include <cstdint>
#include <queue>
#include <vector>

#include "core/time.h"

namespace hivemind::sim {

template <class What>
class EventQueue {
public:
  void schedule(TimePoint at, What what) { events_.push({at, ++scheduled_, what}); }
  bool empty() const { return events_.empty(); }
  TimePoint next_at() const { return events_.top().at; }
  What take() {
    const What what = events_.top().what;
    events_.pop();
    return what;
  }

private:
  struct Event {
    TimePoint at;
    std::uint64_t number;
    What what;
    bool operator<(const Event& other) const {  // the top of the heap is the greatest
      return at != other.at ? at > other.at : number > other.number;
    }
  };
  std::priority_queue<Event> events_;
  std::uint64_t scheduled_ = 0;
};
}  // namespace hivemind::sim
