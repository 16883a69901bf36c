/* A connect that the kernel makes from a ring: no hook sees it, and it works as ever. argv: port */
#include "hazard.h"
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
static void* map(int ring, size_t size, off_t what) {
  return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, what);
}
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  struct io_uring_params with = {0};
  const int ring = (int)syscall(SYS_io_uring_setup, 4, &with);
  if (ring < 0) return printf("no io_uring here\n"), 0;
  const size_t sq_size = with.sq_off.array + with.sq_entries * sizeof(unsigned);
  char* sq = map(ring, sq_size, IORING_OFF_SQ_RING);
  struct io_uring_sqe* entries = map(ring, with.sq_entries * sizeof *entries, IORING_OFF_SQES);
  char* cq = map(ring, with.cq_off.cqes + with.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  entries[0] = (struct io_uring_sqe){.opcode = IORING_OP_CONNECT, .fd = fd, .addr = (uintptr_t)&to, .off = sizeof to};
  *(unsigned*)(void*)(sq + with.sq_off.array) = 0;
  __atomic_store_n((unsigned*)(void*)(sq + with.sq_off.tail), 1, __ATOMIC_RELEASE);
  if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1) return 3;
  const struct io_uring_cqe* done = (void*)(cq + with.cq_off.cqes);
  printf("connect %d, peer %d, echoes %d\n", done->res, peer_is(fd, &to, sizeof to), echoes(fd));
  return 0;
}
