// seccomp_handover.h - how a new process of the run hands its filter's listener to hivemind-run.
// Neither side calls anything that the filter holds before the listener has changed hands.
#pragma once
#include <string>

#include "preload/run/seccomp_filter.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
struct HandedOver {
  UniqueFd listener;  // none: `error` says why
  int error = 0;
  bool rights_locked = false;
};

class ListenerHandover {
public:
  bool open();  // before the fork; errno says why not

  // In the new process: gives the filter's listener (or what kept it from one) and waits until it is watched.
  bool give(Filter filter);

  // In hivemind-run. A process that ended or says nothing for 10 s: ECONNRESET, ETIMEDOUT.
  HandedOver take();
  void say_it_is_watched();

private:
  UniqueFd ours_, theirs_;
};

std::string why_no_filter(int error);  // for people
}  // namespace hivemind::run
