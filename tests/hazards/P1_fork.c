/* Forks while other threads are inside connect; the children connect too. argv: port */
#include "hazard.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
static struct sockaddr_in to;
static atomic_int stop, bad;
static int reach(void) {
  const struct linger reset = {1, 0}; /* leaves no TIME_WAIT behind: ports are few */
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  const int result = connect(fd, any(&to), sizeof to) == 0 && peer_is(fd, &to, sizeof to) && echoes(fd);
  close(fd);
  return result;
}
static void* hammer(void* nothing) {
  while (!stop) bad += !reach();
  return nothing;
}
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  to = v4("127.0.0.1", argv[1]);
  pthread_t threads[8];
  for (int i = 0; i < 8; ++i) pthread_create(&threads[i], NULL, hammer, NULL);
  for (int i = 0; i < 200; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);
      _exit(reach() ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    bad += status != 0;
  }
  stop = 1;
  for (int i = 0; i < 8; ++i) pthread_join(threads[i], NULL);
  printf("bad %d\n", bad);
  return 0;
}
