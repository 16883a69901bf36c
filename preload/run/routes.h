// routes.h - which address families lead out of this machine, now.
// A connect that was redirected succeeds whatever its destination; so what has no route must not be redirected, or a
// program that tries IPv6 before IPv4 would be held up by addresses that it cannot reach.
#pragma once
#include <cstdint>

#include "preload/run/unique_fd.h"

namespace hivemind::run {
class Routes {
public:
  Routes();
  int fd() const { return changes_.get(); }  // readable: something may have changed; -1: nothing will be told
  void read_changes();
  // enum hm_reach. Sends nothing.
  static std::uint32_t reach();

private:
  UniqueFd changes_;
};
}  // namespace hivemind::run
