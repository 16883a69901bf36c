/* ebpf.h - what the eBPF tier shares: the token table that lives in the kernel, and how hivemind-run asks the helper
 * (hivemind-ebpf) for it.
 *
 * The kernel table is the value of one memory-mapped BPF array map: a token table (token_table.h) whose slots are
 * claimed and published by BPF programs, and after it what only these need. hivemind-run and the daemon map it. It has
 * a listener of its own, bound to the wildcard address of both families, so that its tokens and those of the table in
 * the file (preload, seccomp) never meet: which listener accepted says which table to ask.
 *
 * Before the first SYN leaves, `sources` has where the connection comes from: a token that another connection guesses
 * is worth nothing, whoever makes it. An IPv6 destination becomes ::1, which tells nothing; its slot is found by the
 * source alone. Of several that match, the one claimed first is meant: a listener accepts in the order in which
 * connections arrive.
 *
 * hivemind-run and the helper, over a SOCK_SEQPACKET socket:
 *   run -> helper   hm_capture_request
 *   helper -> run   hm_capture_answer, with the map; refused: without, and with the reason
 *   child -> helper hm_capture_enter: put me into the run's cgroup (the kernel says who sent it)
 *   helper -> child hm_capture_answer
 * Capture lasts as long as the connection. Native byte order; both sides refuse other versions and sizes. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "hivemind/token_table.h"

#define HM_EBPF_VERSION 1u
#define HM_EBPF_SOCKET "/run/hivemind/ebpf.sock"  /* of the helper as a service */
#define HM_ENV_EBPF_SOCKET "HIVEMIND_EBPF_SOCKET" /* instead of it */
#define HM_ENV_CGROUP "HIVEMIND_CGROUP"           /* directory of the run's cgroup */
#define HM_CGROUP_PREFIX "hivemind-run-"          /* of a run's cgroup; its maker's pid follows, a dash, the run's id */
#define HM_LLM_ADDRESS_COUNT 256u
#define HM_LLM_PROBES 8u
#define HM_UID_COUNT 8u

/* Where a connection comes from. */
struct hm_source {
  uint8_t address[16]; /* network order; IPv4 as ::ffff:a.b.c.d */
  uint32_t port;       /* (atomic) host order; 0: not connected yet */
};

enum hm_reach { HM_REACH_IPV4 = 1u << 0, HM_REACH_IPV6 = 1u << 1 };

struct hm_kernel_table {
  struct hm_table table;
  struct hm_source sources[HM_SLOT_COUNT]; /* by slot */
  uint64_t network;   /* cookie of the network namespace of the run; 0: not known, every one is taken for it */
  uint32_t reach;     /* (atomic) enum hm_reach: families that have routes; the others' connects fail as they should */
  int32_t daemon_pid; /* (atomic) never captured */
  uint32_t next_process; /* (atomic) how many of table.processes were given out; may go beyond their number */
  uint8_t llm_addresses[HM_LLM_ADDRESS_COUNT][16]; /* known to serve LLM hosts: QUIC to them is refused. A hash set: an
                                                      address is in one of HM_LLM_PROBES places from hm_llm_place on */
  int32_t relay_pid;  /* never captured: whoever made the table, and carries connections while there is no daemon */
  uint32_t uid_count; /* 0: every user is captured; else only those in uids */
  uint32_t uids[HM_UID_COUNT];
  uint32_t shared;       /* 1: the run is many agents' (system-wide), told apart by their users and sessions */
  uint32_t exempt_count; /* 0 or 1: whether exempt_uid is never captured; pids differ from namespace to namespace */
  uint32_t exempt_uid;
};

enum hm_capture_type { HM_CAPTURE_REQUEST = 1, HM_CAPTURE_ANSWER = 2, HM_CAPTURE_ENTER = 3 };
struct hm_capture_request {
  uint32_t type, version;
  uint64_t run_id;
  char cgroup[240]; /* NUL-terminated: an existing cgroup's directory, for root alone; empty: one is made for the run */
};
struct hm_capture_answer {
  uint32_t type, version;
  uint32_t refused; /* 0 or 1 */
  uint32_t reserved;
  char text[496]; /* NUL-terminated: why it was refused; else the directory of the run's cgroup */
};
struct hm_capture_enter {
  uint32_t type, version;
};

HM_ASSERT(sizeof(struct hm_source) == 20);
HM_ASSERT(offsetof(struct hm_kernel_table, network) ==
          sizeof(struct hm_table) + sizeof(struct hm_source) * HM_SLOT_COUNT);
HM_ASSERT(sizeof(struct hm_kernel_table) ==
          offsetof(struct hm_kernel_table, network) + 72 + (size_t)16 * HM_LLM_ADDRESS_COUNT);
HM_ASSERT(sizeof(struct hm_capture_request) == 256);
HM_ASSERT(sizeof(struct hm_capture_answer) == 512);
HM_ASSERT(sizeof(struct hm_capture_enter) == 8);

/* Where the address of these four words (network order) starts to be looked for. */
static inline uint32_t hm_llm_place(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  uint32_t mixed = (a ^ b * 3u ^ c * 5u ^ d * 7u) * 2654435761u;
  return mixed >> 24;
}

static inline int hm_comes_from(const struct hm_source* source, const uint8_t address[16], uint16_t port) {
  return __atomic_load_n(&source->port, __ATOMIC_ACQUIRE) == port &&
         __builtin_memcmp(source->address, address, 16) == 0;
}

/* The token of the live slot whose connection comes from there, 0: there is none. `token`: the one it was reached at,
 * or 0 when its destination is ::1. */
static inline uint32_t hm_token_from(const struct hm_kernel_table* kernel, uint32_t token, const uint8_t address[16],
                                     uint16_t port) {
  uint64_t claimed_ns = 0;
  uint32_t i;
  if (token != 0) return hm_comes_from(&kernel->sources[hm_token_slot(token)], address, port) ? token : 0;
  for (i = 0; i < HM_SLOT_COUNT; ++i) {
    const struct hm_slot* slot = &kernel->table.slots[i];
    uint32_t state;
    if (!hm_comes_from(&kernel->sources[i], address, port)) continue;
    state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
    if ((state & HM_STATE_MASK) != HM_LIVE) continue;
    if (token != 0 && claimed_ns <= slot->claimed_ns) continue;
    token = hm_token(i, state);
    claimed_ns = slot->claimed_ns;
  }
  return token;
}
