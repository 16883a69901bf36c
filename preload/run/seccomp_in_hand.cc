#include "preload/run/seccomp_in_hand.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "preload/route.h"
#include "preload/run/seccomp_notify.h"
#include "preload/run/seccomp_target.h"
#include "preload/socket.h"

namespace hivemind::run {
InHand::InHand() {
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  shared_ = static_cast<Shared*>(memory);  // all zero, which is how its atomics begin
}
InHand::~InHand() { ::munmap(shared_, sizeof(Shared)); }

std::vector<CallInHand*> InHand::left_over() {
  std::vector<CallInHand*> found;
  for (auto& call : calls())
    if (call.held.id != 0) found.push_back(&call);
  return found;
}

void put_down(CallInHand& call) {
  call.is_underway.store(0, std::memory_order_relaxed);
  std::memset(&call.held, 0, sizeof call.held);
}

void finish_left_over(int notify, CallInHand& call, Targets& targets) {
  const auto id = call.held.id;
  UniqueFd socket;
  if (call.is_underway.load(std::memory_order_acquire) != 0)
    socket = targets.share_descriptor(static_cast<int>(call.held.pid), static_cast<int>(call.held.data.args[0]));
  if (!socket || !is_still_held(notify, id)) {
    let_go(notify, id);
    return put_down(call);
  }
  const int result = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&call.to), call.to_size);
  int error = result == 0 ? 0 : errno;
  if (error == EISCONN) error = 0;  // the connect of the one before us got through
  if (error == EALREADY) error = EINPROGRESS;
  const bool retry =
      error != 0 && after_error(error, call.to.v4.family, is_unconnected(socket.get())) == AfterError::retry;
  socket.reset();
  if (retry)
    let_go(notify, id);
  else
    end_call(notify, id, -error);
  put_down(call);
}
}  // namespace hivemind::run
