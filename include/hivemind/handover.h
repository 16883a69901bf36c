/* handover.h - how hivemind-run hands a run to the daemon, over the SOCK_SEQPACKET socket run.sock.
 *
 *   run -> daemon   hm_hello, with descriptors (SCM_RIGHTS): the listening socket, then the token table file; under the
 *                   eBPF tier also the listener of its own and the token table in the kernel (ebpf.h)
 *   daemon -> run   hm_ack: it serves the listener and has written the table's policy; or hm_refused, then it closes
 *   run -> daemon   hm_summary_request, at most once in flight
 *   daemon -> run   hm_summary
 *   daemon -> run   hm_refused, then it closes: it was stopped on purpose; the run looks for a daemon but starts none
 *
 * One message per packet, native byte order. The connection lives as long as the run: the daemon ends the run when it
 * closes; hivemind-run relays by itself and hands over again when it closes. Strings are NUL-terminated UTF-8.
 * Both sides check the peer's uid (SO_PEERCRED) and refuse other versions and sizes. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define HM_HANDOVER_VERSION 1u
enum hm_message_type { HM_HELLO = 1, HM_ACK = 2, HM_REFUSED = 3, HM_SUMMARY_REQUEST = 4, HM_SUMMARY = 5 };
enum hm_priority { HM_PRIORITY_CRITICAL = 0, HM_PRIORITY_HIGH = 1, HM_PRIORITY_NORMAL = 2, HM_PRIORITY_LOW = 3 };
#define HM_NONE (-1)

struct hm_message {
  uint32_t type, version;
};

struct hm_hello {
  struct hm_message message;
  uint64_t run_id, parent_run_id; /* parent: 0 when not nested */
  int32_t pid;                    /* of hivemind-run */
  uint32_t priority;              /* enum hm_priority */
  uint32_t weight_milli;          /* 1..1000000; 1000 is the usual share */
  uint32_t fail_closed;           /* 0 or 1 */
  int64_t token_budget;           /* tokens the run may spend in all, or HM_NONE */
  int64_t deadline_ms;   /* CLOCK_REALTIME milliseconds since 1970 by which the run should be done, or HM_NONE */
  uint64_t tokens_spent; /* charged to this run before (by a daemon that died); carried from hm_summary */
  char name[64];         /* --name, else the command's base name */
  char command[128];     /* for people: the command line, truncated */
};
struct hm_ack {
  struct hm_message message;
  int32_t daemon_pid;
  uint32_t config; /* hm_path_hash of the daemon's configuration file, symbolic links resolved; 0: not told */
  char root_bundle[240];
};
struct hm_refused {
  struct hm_message message;
  char reason[248];
};
struct hm_summary_request {
  struct hm_message message;
};
struct hm_summary {
  struct hm_message message;
  uint64_t requests; /* generations that got an answer */
  uint64_t passed;   /* other requests and tunnels carried */
  uint64_t input_tokens, output_tokens, cached_tokens;
  uint64_t waited_ms;    /* sum over requests, from arrival to dispatch */
  uint64_t retries;      /* failures absorbed */
  uint64_t errors;       /* provider errors passed on */
  uint64_t refused;      /* requests refused by HiveMind */
  uint64_t tokens_spent; /* charged against the budget */
};

/* FNV-1a; never 0. Tells one path from another by chance only: for a remark, not for a decision. */
static inline uint32_t hm_path_hash(const char* path) {
  uint32_t hash = 2166136261u;
  while (*path != '\0') hash = (hash ^ (uint8_t)*path++) * 16777619u;
  return hash != 0 ? hash : 1u;
}

#ifdef __cplusplus
#define HM_HANDOVER_ASSERT(cond) static_assert(cond, #cond)
#else
#define HM_HANDOVER_ASSERT(cond) _Static_assert(cond, #cond)
#endif
HM_HANDOVER_ASSERT(sizeof(struct hm_hello) == 256);
HM_HANDOVER_ASSERT(offsetof(struct hm_hello, token_budget) == 40);
HM_HANDOVER_ASSERT(offsetof(struct hm_hello, name) == 64);
HM_HANDOVER_ASSERT(sizeof(struct hm_ack) == 256);
HM_HANDOVER_ASSERT(sizeof(struct hm_refused) == 256);
HM_HANDOVER_ASSERT(sizeof(struct hm_summary_request) == 8);
HM_HANDOVER_ASSERT(sizeof(struct hm_summary) == 88);
