/* The hooks on a small stack: how much of it do they touch? argv: port */
#include "hazard.h"
#include <pthread.h>
#include <sys/mman.h>
enum { stack_size = 65536, most = 4096 }; /* 4 KiB with libc's own part, what the kernel's signal frame leaves of 16 */
static struct sockaddr_in to;
static char* base;
static long touched(void) {
  long low = 0;
  while (low < stack_size && base[low] == 0x5A) ++low;
  return stack_size - low;
}
static void* reach(void* nothing) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  /* Everything above here belongs to the thread's start; paint what is below, then call. */
  char* here = __builtin_frame_address(0);
  memset(base, 0x5A, (size_t)(here - base) - 512);
  const int connected = connect(fd, any(&to), sizeof to), peer = peer_is(fd, &to, sizeof to);
  const long used = touched() - (base + stack_size - here);
  printf("connect %d peer %d, stack within bounds %d\n", connected, peer, used < most);
  if (used >= most) fprintf(stderr, "%ld bytes of stack\n", used);
  return nothing;
}
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  to = v4("127.0.0.1", argv[1]);
  base = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, base, stack_size);
  pthread_create(&thread, &attributes, reach, NULL);
  pthread_join(thread, NULL);
  return 0;
}
