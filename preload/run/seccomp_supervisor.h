// seccomp_supervisor.h - answers a filter's held calls, one after the other, in a thread of its own.
// Invariant: every call is answered; none waits for another's connection (those that may wait go to the workers).
// A thread of hivemind-run and not a process: under Yama only an ancestor of the run's processes may look into them.
#pragma once
#include <memory>
#include <thread>

#include "preload/run/seccomp_in_hand.h"
#include "preload/run/seccomp_redirect.h"
#include "preload/run/seccomp_workers.h"

namespace hivemind::run {
class Supervisor {
public:
  // Takes on what whoever supervised before it left over. All three are borrowed.
  Supervisor(int notify, InHand& in_hand, hm_table& table, int run_listener);
  ~Supervisor();  // held calls are somebody else's from now on
  void stay();    // until the process ends: it is not to be destroyed any more

private:
  void serve();
  void handle_next();
  void finish(CallInHand& call, const Outcome& outcome);
  bool give_to_worker(Redirected& redirected);
  CallInHand* take_free();  // null: all are in use
  void give_back(CallInHand* call);

  const int notify_;
  Redirects redirects_;
  Targets left_over_targets_;
  UniqueFd stop_;
  std::mutex mutex_;
  std::vector<CallInHand*> free_;
  CallInHand* next_;  // receives the next call
  Workers workers_;
  std::thread thread_;
};
}  // namespace hivemind::run
