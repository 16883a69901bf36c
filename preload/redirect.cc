#include "redirect.h"

#include "bytes.h"
#include "endpoint.h"
#include "libc.h"
#include "reach.h"
#include "route.h"
#include "socket.h"
#include "syscalls.h"

namespace hivemind {
namespace {

// A run may end before the processes it left behind, and a process may enter another network namespace: without a
// listener the native connect is the only one that can work. Known for 50 ms, so that a burst asks once.
bool has_listener(Run& run, uint64_t now_ns) {
  constexpr uint64_t known_for_ns = 50'000'000;
  const uint64_t seen_ns = __atomic_load_n(&run.listener_seen_ns, __ATOMIC_RELAXED);
  if (seen_ns != 0 && now_ns - seen_ns < known_for_ns) return true;
  if (is_listened_on(v4_endpoint(HM_TOKEN_PREFIX, run.table->listener_port, abi::af_inet)) == Answer::no) return false;
  __atomic_store_n(&run.listener_seen_ns, now_ns, __ATOMIC_RELAXED);
  return true;
}

void fill(hm_slot& slot, Run& run, const Endpoint& to, HostKind name, uint32_t flags, uint64_t now_ns) {
  slot.flags = flags;
  if (name == HostKind::llm) slot.flags |= HM_HINT_LLM;
  if (to.is_loopback()) slot.flags |= HM_LOCAL_SERVER;
  slot.pid = sys::getpid();
  __atomic_store_n(&slot.owner, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&slot.claimed_ns, now_ns, __ATOMIC_RELAXED);
  copy_bytes(slot.address, to.address, sizeof slot.address);
  slot.port = to.port;
  slot.family = to.family;
  slot.scope_id = to.scope_id;
  slot.process = process_index(run);
  run.names.llm_name(to.address, slot.name);
}
}  // namespace

bool Redirect::prepare(int fd, const void* to, uint32_t size, uint32_t flags) {
  Run* const run = current_run();
  Endpoint endpoint;
  if (run == nullptr || !read_endpoint(to, size, endpoint)) return false;
  hm_table& table = *run->table;
  const uint16_t listener_port = __atomic_load_n(&table.listener_port, __ATOMIC_RELAXED);
  const HostKind name = run->names.kind(endpoint.address, policy_epoch(table.policy));

  Route route = route_by_destination(table.policy, listener_port, endpoint, name);
  if (route == Route::redirect) route = route_by_socket(ask_socket(fd, endpoint.family, table.uid));
  switch (route) {
    case Route::direct:
      return false;
    case Route::by_port:
      return count(*run, &hm_process::by_port), false;
    case Route::by_name:
      return count(*run, &hm_process::by_name), false;
    case Route::by_socket:
      return count(*run, &hm_process::by_socket), false;
    case Route::redirect:
    case Route::redirect_made_dual:
      break;
  }

  const uint64_t now_ns = sys::monotonic_ns();
  if (!has_listener(*run, now_ns)) return count(*run, &hm_process::by_socket), false;
  if (endpoint.is_loopback()) {
    if (is_listened_on(endpoint) == Answer::no) return count(*run, &hm_process::refused), false;
  } else if (name == HostKind::unknown && has_route(endpoint) == Answer::no) {
    return count(*run, &hm_process::by_socket), false;
  }

  claim_ = claim_slot(table);
  if (!claim_.is_held()) claim_ = claim_abandoned(table, now_ns);
  if (!claim_.is_held()) return count(*run, &hm_process::full), false;
  made_dual_ = route == Route::redirect_made_dual;
  if (made_dual_ && !set_v6only(fd, false)) {
    free_slot(table, claim_);
    return count(*run, &hm_process::by_socket), false;
  }
  fill(table.slots[claim_.index], *run, endpoint, name, flags, now_ns);
  publish_slot(table, claim_);

  run_ = run;
  fd_ = fd;
  error_before_ = libc::error();
  size_ = write_sockaddr(v4_endpoint(claim_.token(), listener_port, endpoint.family), address_);
  return true;
}

bool Redirect::failed(bool succeeded) {
  AfterError after = AfterError::keep;
  if (!succeeded) after = after_error(libc::error(), address_.v4.family, is_unconnected(fd_));
  if (after == AfterError::keep) {
    count(*run_, &hm_process::captured);
    return false;
  }
  free_slot(*run_->table, claim_);
  if (after == AfterError::give_up) return false;
  if (made_dual_) set_v6only(fd_, true);
  libc::set_error(error_before_);
  count(*run_, &hm_process::by_socket);
  return true;
}
}  // namespace hivemind
