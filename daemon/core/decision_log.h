// decision_log.h - the scheduler's latest decisions, each with its reason.
// Invariant: bounded; writing one allocates nothing and forgets the oldest.
#pragma once
#include <cstdint>
#include <vector>

#include "core/reason.h"

namespace hivemind {

enum class DecisionKind { queued, held, dispatched, retried, refused, passed_on, finished, cancelled };
const char* to_string(DecisionKind kind);

struct Decision {
  std::uint64_t number = 0;  // counts up; a gap: forgotten
  TimePoint at{};
  DecisionKind kind = DecisionKind::queued;
  std::uint64_t request = 0, run = 0, agent = 0;  // agent: its number in the run
  int attempts = 0;
  Duration waited{};
  Reason reason;
};

class DecisionLog {
public:
  explicit DecisionLog(std::size_t capacity = 4096) : ring_(capacity) {}
  void add(Decision decision) {
    decision.number = ++last_;
    ring_[last_ % ring_.size()] = decision;
  }
  std::uint64_t last() const { return last_; }

  // Oldest first.
  template <class Visit>
  void each(Visit visit) const {
    const std::uint64_t kept = last_ < ring_.size() ? last_ : ring_.size();
    for (std::uint64_t number = last_ - kept + 1; number <= last_; ++number) visit(ring_[number % ring_.size()]);
  }

private:
  std::vector<Decision> ring_;
  std::uint64_t last_ = 0;
};
}  // namespace hivemind
