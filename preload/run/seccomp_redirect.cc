#include "preload/run/seccomp_redirect.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "preload/policy.h"
#include "preload/reach.h"
#include "preload/route.h"
#include "preload/run/run_table.h"
#include "preload/run/seccomp_call.h"
#include "preload/run/seccomp_notify.h"
#include "preload/socket.h"

namespace hivemind::run {
namespace {
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

constexpr std::uint64_t routed_for_ns = 50'000'000;

// Which network namespace a socket is of; 0 before Linux 5.14, which does not tell.
std::uint64_t network_of(int socket) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  return ::getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

void fill(hm_slot& slot, const Endpoint& to, const TargetProcess& process, bool fast_open, std::uint64_t now_ns) {
  slot.flags = HM_BY_SECCOMP;
  if (fast_open) slot.flags |= HM_FAST_OPEN;
  if (to.is_loopback()) slot.flags |= HM_LOCAL_SERVER;
  slot.pid = process.pid;
  std::atomic_ref(slot.owner).store(0, std::memory_order_relaxed);
  std::atomic_ref(slot.claimed_ns).store(now_ns, std::memory_order_relaxed);
  std::memcpy(slot.address, to.address, sizeof slot.address);
  slot.port = to.port;
  slot.family = to.family;
  slot.scope_id = to.scope_id;
  slot.process = process.entry;
  slot.name[0] = '\0';
}
}  // namespace

Redirects::Redirects(hm_table& table, int run_listener)
    : table_(table), run_listener_(run_listener), network_(network_of(run_listener)), targets_(table) {}

void Redirects::count(std::uint32_t entry, std::uint32_t hm_process::*counter) {
  if (entry < HM_PROCESS_COUNT)
    std::atomic_ref(table_.processes[entry].*counter).fetch_add(1, std::memory_order_relaxed);
}

// A native connect that would fail at once shall do so.
std::uint32_t hm_process::*Redirects::fails_at_once(const Endpoint& to, std::uint64_t now_ns) {
  if (to.is_loopback()) return is_listened_on(to) == Answer::no ? &hm_process::refused : nullptr;
  // Asked once for a burst of connects to one server.
  if (now_ns - routed_ns_ < routed_for_ns && std::memcmp(routed_, to.address, sizeof routed_) == 0) return nullptr;
  if (has_route(to) == Answer::no) return &hm_process::by_socket;
  routed_ns_ = now_ns;
  std::memcpy(routed_, to.address, sizeof routed_);
  return nullptr;
}

void Redirects::count_captured(std::uint32_t entry) {
  count(entry, &hm_process::captured);
  if (entry < HM_PROCESS_COUNT)
    std::atomic_ref(table_.processes[entry].tiers).fetch_or(HM_SUPERVISED, std::memory_order_relaxed);
}

std::optional<Redirected> Redirects::prepare(int notify, const seccomp_notif& held) {
  const int tid = static_cast<int>(held.pid);
  auto call = read_call(held.data);
  if (!call || tid == 0) return {};  // 0: a process that our pid namespace does not know
  const auto now_ns = monotonic_ns();
  const auto closed = [&] {
    const auto process = targets_.find(tid, now_ns);
    if (process && !process->preloaded) count(process->entry, &hm_process::closed);
    return std::nullopt;
  };

  Destination destination;
  switch (read_destination(tid, *call, destination)) {
    case Reading::read:
      break;
    case Reading::refused:
      return closed();
    case Reading::not_for_us:
      return {};
  }
  const Endpoint& to = destination.endpoint;
  const auto listener_port = std::atomic_ref(table_.listener_port).load(std::memory_order_relaxed);
  auto route = route_by_destination(table_.policy, listener_port, to, HostKind::unknown);
  if (route == Route::direct) return {};
  const auto process = targets_.find(tid, now_ns);
  if (!process || process->exempt) return {};
  const auto direct = [&](std::uint32_t hm_process::*counter) {
    if (!process->preloaded) count(process->entry, counter);
    return std::nullopt;
  };
  if (route == Route::by_port) return direct(&hm_process::by_port);

  Redirected redirected;
  redirected.socket = targets_.share_descriptor(tid, call->fd);
  if (!redirected.socket) return errno == EPERM ? direct(&hm_process::closed) : std::nullopt;
  const int socket = redirected.socket.get();
  route = route_by_socket(ask_socket(socket, to.family, table_.uid));
  if (route == Route::direct) return {};
  if (route == Route::by_socket || network_of(socket) != network_) return direct(&hm_process::by_socket);
  if (const auto why = fails_at_once(to, now_ns); why != nullptr) return direct(why);
  redirected.fast_open = call->kind != HeldCall::Kind::connect;
  redirected.flags = call->flags;
  if (redirected.fast_open && !read_bytes(tid, destination, redirected.bytes)) return direct(&hm_process::by_socket);

  // All that was read is the caller's only if it still waits.
  if (!is_still_held(notify, held.id)) return {};
  if (const auto why = claim(redirected, to, *process, route == Route::redirect_made_dual, now_ns); why != nullptr)
    return direct(why);
  return redirected;
}

std::uint32_t hm_process::*Redirects::claim(Redirected& redirected, const Endpoint& to, const TargetProcess& process,
                                            bool make_dual, std::uint64_t now_ns) {
  const int socket = redirected.socket.get();
  redirected.claim = claim_slot(table_);
  if (!redirected.claim.is_held()) redirected.claim = claim_abandoned(table_, now_ns);
  if (!redirected.claim.is_held()) return &hm_process::full;
  redirected.made_dual = make_dual;
  if (make_dual && !set_v6only(socket, false)) {
    free_slot(table_, redirected.claim);
    return &hm_process::by_socket;
  }
  fill(table_.slots[redirected.claim.index], to, process, redirected.fast_open, now_ns);
  publish_slot(table_, redirected.claim);
  redirected.entry = process.entry;
  redirected.blocking = (::fcntl(socket, F_GETFL) & O_NONBLOCK) == 0 && (redirected.flags & MSG_DONTWAIT) == 0;
  const auto port = std::atomic_ref(table_.listener_port).load(std::memory_order_relaxed);
  redirected.to_size = write_sockaddr(v4_endpoint(redirected.claim.token(), port, to.family), redirected.to);
  return nullptr;
}

bool Redirects::may_wait(const Redirected& redirected) const {
  if (!redirected.blocking) return false;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(run_listener_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return true;
  return info.tcpi_unacked >= info.tcpi_sacked / 2;  // of a listener: how many wait to be accepted, and may
}

Outcome Redirects::perform(Redirected& redirected) {
  const int socket = redirected.socket.get();
  const auto* to = reinterpret_cast<const sockaddr*>(&redirected.to);
  const auto result = redirected.fast_open ? ::sendto(socket, redirected.bytes.data(), redirected.bytes.size(),
                                                      redirected.flags | MSG_NOSIGNAL, to, redirected.to_size)
                                           : ::connect(socket, to, redirected.to_size);
  const int error = result < 0 ? errno : 0;
  auto after = AfterError::keep;
  if (error != 0) after = after_error(error, redirected.to.v4.family, is_unconnected(socket));
  if (after == AfterError::keep)
    count_captured(redirected.entry);
  else
    free_slot(table_, redirected.claim);
  if (after == AfterError::retry) {
    if (redirected.made_dual) set_v6only(socket, true);
    count(redirected.entry, &hm_process::by_socket);
  }
  redirected.socket.reset();  // before the program goes on: a close of its own shall be the last
  return after == AfterError::retry ? Outcome{} : Outcome{false, error != 0 ? -error : result};
}
}  // namespace hivemind::run
