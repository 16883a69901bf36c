#include "processes.h"

namespace hivemind {

ProcessEntry find_process(hm_table& table, int pid, uint32_t probes) {
  for (uint32_t i = 0; i < probes; ++i) {
    const uint32_t index = (static_cast<uint32_t>(pid) + i) % HM_PROCESS_COUNT;
    hm_process& process = table.processes[index];
    uint32_t state = __atomic_load_n(&process.state, __ATOMIC_ACQUIRE);
    if (state == HM_PROCESS_FREE && __atomic_compare_exchange_n(&process.state, &state, HM_PROCESS_USED, false,
                                                                __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
      __atomic_store_n(&process.pid, pid, __ATOMIC_RELEASE);
      return {index, true};
    }
    if (__atomic_load_n(&process.pid, __ATOMIC_ACQUIRE) == pid) return {index, false};
  }
  return {};
}
}  // namespace hivemind
