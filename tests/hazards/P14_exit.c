/* The program ends while its threads connect: by return, by exit, by _exit, by a signal. argv: port, way */
#include "hazard.h"
#include <pthread.h>
#include <signal.h>
static struct sockaddr_in to;
static volatile int connected;
static void* connect_on(void* unused) {
  for (;;) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, any(&to), sizeof to) == 0) connected = 1;
    close(fd);
  }
  return unused;
}
static void at_the_end(void) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, any(&to), sizeof to) != 0 || !peer_is(fd, &to, sizeof to)) _exit(9);
}
__attribute__((destructor)) static void last(void) { at_the_end(); }
int main(int argc, char** argv) {
  if (argc < 3) return 2;
  to = v4("127.0.0.1", argv[1]);
  atexit(at_the_end);
  for (int i = 0; i < 4; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, connect_on, NULL) != 0) return 3;
  }
  while (!connected) sched_yield();
  if (argv[2][0] == 'e') exit(5);
  if (argv[2][0] == '_') _exit(5);
  if (argv[2][0] == 's') raise(SIGTERM);
  return 5;
}
