// seccomp_in_hand.h - the held calls that were received and not yet answered, where another process finds them.
// Invariant: the kernel writes a call straight into its record, so that from the moment it is ours it stands there; the
// record is cleared after the answer. Whoever supervises dies without having answered: who comes after answers.
// Shared memory, inherited by fork; a record is written by one thread at a time.
#pragma once
#include <linux/seccomp.h>

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "preload/abi.h"

namespace hivemind::run {
class Targets;

struct CallInHand {
  seccomp_notif held;                      // id 0: none
  std::atomic<std::uint32_t> is_underway;  // `to` stands, and its connect may have been made
  std::uint32_t to_size;
  abi::Sockaddr to;
};

class InHand {
public:
  InHand();
  ~InHand();
  InHand(const InHand&) = delete;
  InHand& operator=(const InHand&) = delete;

  std::span<CallInHand> calls() { return shared_->calls; }
  // Calls that somebody who is no more had in hand.
  std::vector<CallInHand*> left_over();
  std::atomic<int>& supervisor() { return shared_->supervisor; }  // pid

private:
  struct Shared {
    std::atomic<int> supervisor;
    CallInHand calls[1024];
  };
  Shared* shared_;
};

void put_down(CallInHand& call);  // answered: the record is empty again

// Answers a call that was left over; it may wait as the call itself would. A connect that was made already is not made
// twice: the socket tells what came of it.
void finish_left_over(int notify, CallInHand& call, Targets& targets);
}  // namespace hivemind::run
