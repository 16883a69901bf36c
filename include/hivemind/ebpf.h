/* ebpf.h - what the eBPF tier shares: the token table that lives in the kernel, and how hivemind-run asks the helper
 * (hivemind-ebpf) for it.
 *
 * The kernel table is the value of one memory-mapped BPF array map: a token table (token_table.h) whose slots are
 * claimed and published by BPF programs, and after it what only these need. hivemind-run and the daemon map it. It has
 * a listener of its own, bound to the wildcard address of both families, so that its tokens and those of the table in
 * the file (preload, seccomp) never meet: which listener accepted says which table to ask.
 *
 * An IPv6 destination becomes ::1, which tells nothing. Its slot is found by the connection's source instead: `sources`
 * has it before the first SYN leaves. Of several that match, the one claimed first is meant: a listener accepts in the
 * order in which connections arrive.
 *
 * hivemind-run -> helper, over a SOCK_SEQPACKET socket:
 *   run -> helper   hm_capture_request, with the listener and, if hivemind-run could make one, the cgroup's directory
 *   helper -> run   hm_capture_answer, with the map; refused: without, and with the reason
 *   child -> helper hm_capture_enter, with SCM_CREDENTIALS, where the helper made the cgroup: put me into it
 *   helper -> child hm_capture_answer
 * Capture lasts as long as the connection. Native byte order; both sides refuse other versions and sizes. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "hivemind/token_table.h"

#define HM_EBPF_VERSION 1u
#define HM_EBPF_SOCKET "/run/hivemind/ebpf.sock"  /* of the helper as a service */
#define HM_ENV_EBPF_SOCKET "HIVEMIND_EBPF_SOCKET" /* instead of it */
#define HM_CGROUP_PREFIX "hivemind-run-"          /* of a run's cgroup; its maker's pid follows, a dash, the run's id */
#define HM_LLM_ADDRESS_COUNT 256u
#define HM_LLM_PROBES 8u

/* Where an IPv6 connection comes from. */
struct hm_source {
  uint8_t address[16]; /* network order */
  uint32_t port;       /* (atomic) host order; 0: not connected yet, or not IPv6 */
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
  uint8_t reserved[12];
};

enum hm_capture_type { HM_CAPTURE_REQUEST = 1, HM_CAPTURE_ANSWER = 2, HM_CAPTURE_ENTER = 3 };
struct hm_capture_request {
  uint32_t type, version;
  uint64_t run_id;
};
struct hm_capture_answer {
  uint32_t type, version;
  uint32_t refused; /* 0 or 1 */
  uint32_t reserved;
  char text[496]; /* NUL-terminated: why it was refused; else the cgroup the helper made, or empty */
};
struct hm_capture_enter {
  uint32_t type, version;
};

HM_ASSERT(sizeof(struct hm_source) == 20);
HM_ASSERT(offsetof(struct hm_kernel_table, network) == sizeof(struct hm_table) + 20 * HM_SLOT_COUNT);
HM_ASSERT(sizeof(struct hm_kernel_table) == offsetof(struct hm_kernel_table, network) + 32 + 16 * HM_LLM_ADDRESS_COUNT);
HM_ASSERT(sizeof(struct hm_capture_request) == 16);
HM_ASSERT(sizeof(struct hm_capture_answer) == 512);
HM_ASSERT(sizeof(struct hm_capture_enter) == 8);

/* Where the address of these four words (network order) starts to be looked for. */
static inline uint32_t hm_llm_place(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  uint32_t mixed = (a ^ b * 3u ^ c * 5u ^ d * 7u) * 2654435761u;
  return mixed >> 24;
}
