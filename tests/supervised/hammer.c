/* Four threads that connect all the time until the input ends; says so after every hundred, and at the end how many of
 * all failed and why. argv: port */
#include "hazard.h"

#include <pthread.h>

static struct sockaddr_in to;
static _Atomic int done, failed, last_error, over;

static void* hammer(void* seed) {
  const int later = (long)seed % 2 ? SOCK_NONBLOCK : 0;
  while (!over) {
    const int fd = socket(AF_INET, SOCK_STREAM | later, 0);
    const struct linger at_once = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if (connect(fd, any(&to), sizeof to) != 0 && errno != EINPROGRESS) {
      last_error = errno;
      ++failed;
    }
    close(fd);
    if (++done % 100 == 0) {
      printf("%d\n", done);
      fflush(stdout);
    }
  }
  return NULL;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  to = v4("127.0.0.1", argv[1]);
  pthread_t threads[4];
  for (long i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, hammer, (void*)i);
  while (getchar() != EOF) continue;
  over = 1;
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  printf("failed %d %s\n", failed, failed ? strerror(last_error) : "");
  return 0;
}
