/* Threads that are signalled all the time, as Go does to its own, and connect: without SA_RESTART they hear EINTR like
 * anybody, with it nothing. argv: port */
#include <pthread.h>
#include <signal.h>

#include "hazard.h"

enum { TIMES = 300 };
static struct sockaddr_in to;
static _Atomic int connected, ended;

static void ignore(int number) { (void)number; }

static void* ask(void* unused) {
  for (int i = 0; i < TIMES; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    connected += connect(fd, any(&to), sizeof to) == 0 && echoes(fd);
    close(fd);
  }
  ++ended;
  return unused;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  to = v4("127.0.0.1", argv[1]);
  struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
  sigaction(SIGURG, &action, NULL);
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, ask, NULL);
  while (ended < 4) {
    for (int i = 0; i < 4; ++i) pthread_kill(threads[i], SIGURG);
    usleep(20);
  }
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  printf("%d connected\n", connected);
  return 0;
}
