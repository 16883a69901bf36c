/* tap_ring.h - the shared memory into which libhivemind-tap.so writes what a program's sockets did, as the program saw
 * it.
 *
 * A ring of cells, many writers (every process and thread of a run), one reader (hivemind-run's). Never waits: a writer
 * that finds no free cell counts the record as lost and goes on. Cell i of lap l (position = l * count + i):
 *   2 * l  free, or being written    2 * l + 1  to be read    HM_TAP_RETIRED  given up: its writer stopped half way
 * A writer moves `tail` by compare-and-swap, fills the cell, and publishes by compare-and-swap; the reader hands the
 * cell to the next lap. All zero is the empty ring. Byte order: host. Times: CLOCK_MONOTONIC nanoseconds.
 *
 * Payloads are as they passed: credentials too. The file is the user's alone (0600) and lives as long as its reader. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define HM_ENV_TAP "HIVEMIND_TAP" /* absolute path of the ring; without it libhivemind-tap.so does nothing */

#define HM_TAP_MAGIC 0x31544D48u /* "HMT1" */
#define HM_TAP_VERSION 1u
#define HM_TAP_CELLS 8192u
#define HM_TAP_RETIRED UINT64_MAX

enum hm_tap_call {
  HM_TAP_CONNECT = 1,
  HM_TAP_SEND = 2,
  HM_TAP_SENDTO = 3,
  HM_TAP_SENDMSG = 4,
  HM_TAP_WRITE = 5,
  HM_TAP_WRITEV = 6,
  HM_TAP_RECV = 7,
  HM_TAP_RECVFROM = 8,
  HM_TAP_RECVMSG = 9,
  HM_TAP_READ = 10,
  HM_TAP_READV = 11,
  HM_TAP_SHUTDOWN = 12,
  HM_TAP_CLOSE = 13
};

struct hm_tap_cell {
  uint64_t state;   /* (atomic) as above */
  uint64_t time_ns; /* when the call had returned */
  uint64_t socket;  /* the kernel's cookie: one socket, however many descriptors and processes name it */
  uint64_t lost;    /* records lost before this one was written */
  int64_t result;
  int32_t error; /* errno when result is -1 */
  int32_t pid, tid, fd;
  uint32_t call;  /* enum hm_tap_call */
  uint32_t flags; /* MSG_... of the call, or how of shutdown */
  uint16_t address_size, payload_size;
  uint32_t reserved;
  uint8_t address[112];  /* sockaddr given or told */
  uint8_t payload[1864]; /* the first bytes that went or came */
};

struct hm_tap_ring {
  uint32_t magic, version;
  uint32_t cell_count, uid;
  uint8_t reserved0[48];
  uint64_t tail; /* (atomic) the next position to write */
  uint8_t reserved1[56];
  uint64_t lost; /* (atomic) */
  uint8_t reserved2[3960];
  struct hm_tap_cell cells[HM_TAP_CELLS];
};

#ifdef __cplusplus
#define HM_TAP_ASSERT(cond) static_assert(cond, #cond)
#else
#define HM_TAP_ASSERT(cond) _Static_assert(cond, #cond)
#endif
HM_TAP_ASSERT(offsetof(struct hm_tap_cell, address) == 72);
HM_TAP_ASSERT(offsetof(struct hm_tap_cell, payload) == 184);
HM_TAP_ASSERT(sizeof(struct hm_tap_cell) == 2048);
HM_TAP_ASSERT(offsetof(struct hm_tap_ring, tail) == 64);
HM_TAP_ASSERT(offsetof(struct hm_tap_ring, lost) == 128);
HM_TAP_ASSERT(offsetof(struct hm_tap_ring, cells) == 4096);
