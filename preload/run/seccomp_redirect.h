// seccomp_redirect.h - one held connect (or first fast-open send) on its way to a token address.
// Life: prepare, then perform, which makes the call on the very open file of the program: its blocking mode, options
// and epoll registrations are the ones that count. The program's memory is read and never written.
#pragma once
#include <linux/seccomp.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "preload/abi.h"
#include "preload/endpoint.h"
#include "preload/run/seccomp_target.h"
#include "preload/slots.h"

namespace hivemind::run {
struct Redirected {
  UniqueFd socket;
  Claim claim;
  abi::Sockaddr to{};
  std::uint32_t to_size = 0;
  std::uint32_t entry = HM_PROCESS_COUNT;
  bool made_dual = false;
  bool blocking = false;
  bool fast_open = false;
  std::vector<char> bytes;  // of a fast-open send
  int flags = 0;
};

struct Outcome {
  bool let_go = true;       // the program's own call shall run
  std::int64_t result = 0;  // else: a value, or -errno
};

class Redirects {
public:
  // `run_listener` is where tokens lead to.
  Redirects(hm_table& table, int run_listener);

  // Nothing: the call is none of ours, or cannot be redirected; let it go. `notify` is the filter's listener.
  std::optional<Redirected> prepare(int notify, const seccomp_notif& held);

  // Whether perform() might wait: the program would, and the listener's queue has filled up.
  bool may_wait(const Redirected& redirected) const;

  // Any thread.
  Outcome perform(Redirected& redirected);

private:
  void count(std::uint32_t entry, std::uint32_t hm_process::*counter);
  void count_captured(std::uint32_t entry);
  // Each null when all is well, else what the connect counts as.
  std::uint32_t hm_process::*fails_at_once(const Endpoint& to, std::uint64_t now_ns);
  std::uint32_t hm_process::*claim(Redirected& redirected, const Endpoint& to, const TargetProcess& process,
                                   bool make_dual, std::uint64_t now_ns);

  hm_table& table_;
  int run_listener_;
  std::uint64_t network_;
  Targets targets_;
  std::uint8_t routed_[16] = {};  // a destination that had a route, and when
  std::uint64_t routed_ns_ = 0;
};
}  // namespace hivemind::run
