/* table.bpf.h - the run's kernel table (hivemind/ebpf.h) as the programs use it. */
#pragma once
#include "ebpf/endpoint.bpf.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct hm_kernel_table);
} tables SEC(".maps");

/* Which entry of the table's processes a process has. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, HM_PROCESS_COUNT);
  __type(key, __u32); /* thread group */
  __type(value, __u32);
} process_entries SEC(".maps");

static __always_inline struct hm_kernel_table* the_table(void) {
  const __u32 zero = 0;
  return bpf_map_lookup_elem(&tables, &zero);
}

/* What the verifier reads: without CAP_PERFMON it also follows what a processor might do speculatively, and soon finds
 * a loop too complex. So loops are short and unrolled, and functions are verified once, by themselves, instead of again
 * for each path that leads to them. */
#define VERIFIED_ALONE __attribute__((noinline))

/* Nothing is captured while the policy is written: never by half an old and half a new one. */
VERIFIED_ALONE int captures_port(__u16 port) {
  struct hm_kernel_table* kernel = the_table();
  if (!kernel) return false;
  struct hm_policy* policy = &kernel->table.policy;
  const __u32 epoch = READ_ORDERED(policy->epoch);
  bool found = false;
#pragma unroll
  for (__u32 i = 0; i < HM_PORT_COUNT; i++)
    if (i < READ_SHARED(policy->port_count) && policy->ports[i] == port) found = true;
  return found && (epoch & 1) == 0 && READ_ORDERED(policy->epoch) == epoch;
}

/* The current process's entry; HM_PROCESS_COUNT: there was no room. Its name is for user space to find: asking for it
 * here takes CAP_PERFMON. */
VERIFIED_ALONE __u32 process_index(void) {
  struct hm_kernel_table* kernel = the_table();
  if (!kernel) return HM_PROCESS_COUNT;
  const __u32 pid = bpf_get_current_pid_tgid() >> 32;
  const __u32* known = bpf_map_lookup_elem(&process_entries, &pid);
  if (known) return *known;
  if (READ_SHARED(kernel->next_process) >= HM_PROCESS_COUNT) return HM_PROCESS_COUNT;
  const __u32 index = COUNT(kernel->next_process);
  if (index >= HM_PROCESS_COUNT) return HM_PROCESS_COUNT;
  struct hm_process* process = &kernel->table.processes[index];
  process->pid = (__s32)pid;
  process->tiers = HM_IN_KERNEL;
  WRITE_ORDERED(process->state, HM_PROCESS_USED);
  bpf_map_update_elem(&process_entries, &pid, &index, BPF_ANY);
  return index;
}

#define COUNT_PROCESS(kernel, counter)                                               \
  do {                                                                               \
    const __u32 index_ = process_index();                                            \
    if (index_ < HM_PROCESS_COUNT) COUNT((kernel)->table.processes[index_].counter); \
  } while (0)

#define NO_SLOT ((__u64)-1)
#define PROBES_AT_ONCE 16
#define PROBES 128u
#define STRIDE 2531u /* the golden ratio of the table: whatever their number, the probes are spread evenly over it */

/* Makes the first free slot of a few ours: its state word above, its index below, or NO_SLOT. */
VERIFIED_ALONE __u64 claim_from(__u32 start) {
  struct hm_kernel_table* kernel = the_table();
  if (!kernel) return NO_SLOT;
#pragma unroll
  for (__u32 i = 0; i < PROBES_AT_ONCE; i++) {
    const __u32 index = (start + i * STRIDE) % HM_SLOT_COUNT;
    __u32* state = &kernel->table.slots[index].state;
    const __u32 seen = READ_SHARED(*state);
    if ((seen & HM_STATE_MASK) != HM_FREE) continue;
    const __u32 claimed = ((seen >> HM_STATE_SHIFT) + 1) << HM_STATE_SHIFT | HM_CLAIMED;
    if (__sync_val_compare_and_swap(state, seen, claimed) == seen) return (__u64)claimed << 32 | index;
  }
  return NO_SLOT;
}

/* PROBES slots taken counts as a full table; a free stretch of twice HM_SLOT_COUNT / PROBES is never missed. */
static __always_inline __u64 claim(struct hm_kernel_table* kernel) {
  const __u32 start = COUNT(kernel->table.cursor);
  __u64 held = NO_SLOT;
#pragma unroll
  for (__u32 tried = 0; tried < PROBES; tried += PROBES_AT_ONCE)
    if (held == NO_SLOT) held = claim_from(start + tried * STRIDE);
  return held;
}

/* Frees a slot that nobody has accepted; `live` is its state word from when it was published. */
static __always_inline void take_back(struct hm_kernel_table* kernel, __u32 index, __u32 live) {
  if (index >= HM_SLOT_COUNT) return;
  __sync_val_compare_and_swap(&kernel->table.slots[index].state, live, (live & ~HM_STATE_MASK) | HM_FREE);
}

VERIFIED_ALONE int is_llm_address(__u32 a, __u32 b, __u32 c, __u32 d) {
  struct hm_kernel_table* kernel = the_table();
  if (!kernel) return false;
  const __u32 place = hm_llm_place(a, b, c, d);
#pragma unroll
  for (__u32 i = 0; i < HM_LLM_PROBES; i++) {
    const __u32* known = (const __u32*)kernel->llm_addresses[(place + i) % HM_LLM_ADDRESS_COUNT];
    if (known[3] == d && known[2] == c && known[1] == b && known[0] == a) return true;
  }
  return false;
}
