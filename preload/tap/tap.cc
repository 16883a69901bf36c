#include "tap.h"

#include "libc.h"
#include "mapped_file.h"
#include "syscalls.h"
#include "next.h"
#include "variables.h"

namespace hivemind::tap {
namespace {
enum Phase : int { undecided = 0, deciding = 1, off = 2, on = 3 };
constinit int phase = undecided;  // (atomic)
constinit hm_tap_ring* the_ring = nullptr;

bool is_valid(const hm_tap_ring& ring) {
  return ring.magic == HM_TAP_MAGIC && ring.version == HM_TAP_VERSION && ring.cell_count == HM_TAP_CELLS &&
         ring.uid == static_cast<uint32_t>(sys::raw(sys::nr_geteuid));
}

bool join(char* const* environment) {
  if (is_disabled(environment) || libc::is_secure()) return false;
  const char* path = HM_FIND(environment, HM_ENV_TAP);
  if (path == nullptr) return false;
  auto* const ring = static_cast<hm_tap_ring*>(map_file(path, sizeof(hm_tap_ring)));
  if (ring == nullptr) return false;
  if (!is_valid(*ring)) return unmap_file(ring, sizeof(hm_tap_ring)), false;
  the_ring = ring;
  return true;
}

// Several threads may get here at once before the constructor ran: one decides, the others take it as off until then.
void decide(char* const* environment) {
  int expected = undecided;
  if (!__atomic_compare_exchange_n(&phase, &expected, deciding, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return;
  __atomic_store_n(&phase, join(environment) ? on : off, __ATOMIC_RELEASE);
}

__attribute__((constructor)) void start(int, char**, char** given_environment) {
  char** environment = libc::environment();
  if (environment == nullptr) environment = given_environment;
  if (environment != nullptr) decide(environment);
  next::look_up_all();
}
}  // namespace

hm_tap_ring* current_ring() {
  const int now = __atomic_load_n(&phase, __ATOMIC_ACQUIRE);
  if (now == on) return the_ring;
  if (now != undecided) return nullptr;
  char** environment = libc::environment();
  if (environment == nullptr) return nullptr;
  decide(environment);
  return __atomic_load_n(&phase, __ATOMIC_ACQUIRE) == on ? the_ring : nullptr;
}
}  // namespace hivemind::tap
