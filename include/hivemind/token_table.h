/* token_table.h - the shared memory of one run: which connection a token address stands for.
 *
 * A token is one address of 127.64.0.0/10. Its low 22 bits are generation (10) and slot index (12), so a reused slot
 * is a new address. The agent's processes claim slots (preload), the daemon - or hivemind-run while there is no
 * daemon - accepts and frees them.
 *
 * Owner: hivemind-run creates the file (0600) and unmaps it last. The daemon writes `policy` before it answers the
 * hand-over; until then `policy.port_count` is 0 and nothing is redirected, which is what makes a missing daemon
 * harmless. Every field marked (atomic) is accessed with atomic operations by several processes; the rest of a slot
 * is written only by who holds it in state CLAIMED.
 *
 * Life of a slot:  FREE -claim-> CLAIMED -publish-> LIVE -accept-> ACCEPTED -free-> FREE (contents stay readable,
 * so that getpeername stays truthful after the connection ended, until the slot is claimed again).
 * Byte order: host, unless said. Times: CLOCK_MONOTONIC nanoseconds. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define HM_TABLE_MAGIC 0x31424D48u /* "HMB1" */
#define HM_TABLE_VERSION 1u
#define HM_SLOT_BITS 12
#define HM_GENERATION_BITS 10
#define HM_SLOT_COUNT (1u << HM_SLOT_BITS)
#define HM_PROCESS_COUNT 512u
#define HM_PORT_COUNT 16u
#define HM_TOKEN_PREFIX 0x7F400000u /* 127.64.0.0, host order */
#define HM_TOKEN_MASK 0x003FFFFFu   /* 22 bits: generation << HM_SLOT_BITS | slot */

enum hm_slot_state { HM_FREE = 0, HM_CLAIMED = 1, HM_LIVE = 2, HM_ACCEPTED = 3 };
#define HM_STATE_MASK 0x7u /* low bits of hm_slot.state; the bits above count generations */
#define HM_STATE_SHIFT 3

enum hm_slot_flag {
  HM_HINT_LLM = 1u << 0,     /* `name` was resolved by this process and is an LLM host */
  HM_FAST_OPEN = 1u << 1,    /* connected by MSG_FASTOPEN */
  HM_LOCAL_SERVER = 1u << 2, /* the original destination is a loopback address */
  HM_BY_SECCOMP = 1u << 3,
  HM_BY_EBPF = 1u << 4,
};

struct hm_slot {
  uint32_t state;      /* (atomic) generation << HM_STATE_SHIFT | enum hm_slot_state */
  uint32_t flags;      /* enum hm_slot_flag */
  int32_t pid;         /* who connects (thread group id) */
  uint32_t owner;      /* (atomic) pid of the daemon or relay that accepted */
  uint64_t claimed_ns; /* when it was claimed */
  uint8_t address[16]; /* original destination, network order; IPv4 as ::ffff:a.b.c.d */
  uint16_t port;       /* original destination port */
  uint16_t family;     /* AF_INET or AF_INET6: of the caller's sockaddr */
  uint32_t scope_id;   /* sin6_scope_id */
  uint32_t process;    /* index into processes, or HM_PROCESS_COUNT when it had no room */
  char name[64];       /* NUL-terminated host name this process resolved to `address`, or empty */
  uint8_t reserved[12];
};

/* What one process did, for --explain and as the proof that the preload took. */
enum hm_process_state { HM_PROCESS_FREE = 0, HM_PROCESS_USED = 1 };
enum hm_process_tier {
  HM_PRELOADED = 1u << 0,
  HM_SUPERVISED = 1u << 1 /* by seccomp */,
  HM_IN_KERNEL = 1u << 2 /* eBPF */,
  HM_PROXIED = 1u << 3,
  HM_STARTED = 1u << 4 /* by a process with the preload object; without HM_PRELOADED: its program did not load it */
};
struct hm_process {
  uint32_t state; /* (atomic) enum hm_process_state; never freed during a run */
  int32_t pid;
  char comm[16];      /* NUL-terminated */
  uint32_t captured;  /* (atomic) connects redirected */
  uint32_t by_name;   /* (atomic) direct: the name is no LLM host */
  uint32_t by_port;   /* (atomic) direct: TCP to a port that is not captured */
  uint32_t by_socket; /* (atomic) direct: bound V6ONLY, bound to a device, not redirectable */
  uint32_t full;      /* (atomic) direct: no free slot */
  uint32_t refused;   /* (atomic) local server not listening: ECONNREFUSED as without us */
  uint32_t restored;  /* (atomic) execs whose scrubbed environment was put back */
  uint32_t tiers;     /* (atomic) enum hm_process_tier: what was seen at work in it */
  uint32_t closed;    /* (atomic) direct: the process lets nobody look into it (not dumpable) */
  uint8_t reserved[4];
};

/* What to capture. Written by the daemon; `epoch` is odd while it writes (sequence lock). */
struct hm_policy {
  uint32_t epoch;      /* (atomic) */
  uint32_t port_count; /* 0: capture nothing */
  uint16_t ports[HM_PORT_COUNT];
  uint32_t hosts_size; /* bytes used in hosts */
  char hosts[2004];    /* lower case, each NUL-terminated: "api.anthropic.com", or "*.openai.azure.com" (one or more
                          labels) */
};

struct hm_table {
  uint32_t magic, version;
  uint32_t slot_count, process_count;
  uint64_t run_id;        /* random, also HIVEMIND_RUN in hexadecimal */
  uint32_t cursor;        /* (atomic) where the next claim starts to look */
  uint16_t listener_port; /* the run's listener; 0: not ready, capture nothing */
  uint16_t reserved0;
  uint32_t uid; /* of the run */
  uint32_t environment_size;
  uint8_t proxy_secret[16]; /* the listener also answers CONNECT to who knows it; all zero: to nobody */
  uint8_t reserved1[8];
  struct hm_policy policy;
  char environment[1984]; /* NUL-terminated NAME=VALUE assignments that an exec with a scrubbed environment gets back;
                             LD_PRELOAD is not among them, HIVEMIND_PRELOAD names our object */
  struct hm_process processes[HM_PROCESS_COUNT];
  struct hm_slot slots[HM_SLOT_COUNT];
};

#ifdef __cplusplus
#define HM_ASSERT(cond) static_assert(cond, #cond)
#else
#define HM_ASSERT(cond) _Static_assert(cond, #cond)
#endif
HM_ASSERT(sizeof(struct hm_slot) == 128);
HM_ASSERT(offsetof(struct hm_slot, address) == 24);
HM_ASSERT(offsetof(struct hm_slot, name) == 52);
HM_ASSERT(sizeof(struct hm_process) == 64);
HM_ASSERT(sizeof(struct hm_policy) == 2048);
HM_ASSERT(offsetof(struct hm_table, policy) == 64);
HM_ASSERT(offsetof(struct hm_table, environment) == 2112);
HM_ASSERT(offsetof(struct hm_table, processes) == 4096);
HM_ASSERT(offsetof(struct hm_table, slots) == 4096 + 64 * HM_PROCESS_COUNT);
HM_ASSERT(sizeof(struct hm_table) == 4096 + 64 * HM_PROCESS_COUNT + 128 * HM_SLOT_COUNT);

/* The token of slot `index` while its state word is `state`; host order. */
static inline uint32_t hm_token(uint32_t index, uint32_t state) {
  const uint32_t generation = (state >> HM_STATE_SHIFT) & ((1u << HM_GENERATION_BITS) - 1u);
  return HM_TOKEN_PREFIX | generation << HM_SLOT_BITS | index;
}
static inline int hm_is_token(uint32_t address) { return (address & ~HM_TOKEN_MASK) == HM_TOKEN_PREFIX; }
static inline uint32_t hm_token_slot(uint32_t token) { return token & (HM_SLOT_COUNT - 1u); }
