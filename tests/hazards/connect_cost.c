/* What one connect costs, in nanoseconds: the median. argv: port, rounds */
#include "hazard.h"
#include <time.h>
static long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}
static int compare(const void* a, const void* b) { return (*(const long*)a > *(const long*)b) - (*(const long*)a < *(const long*)b); }
int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const struct linger reset = {1, 0};
  const int rounds = atoi(argv[2]);
  long* took = calloc((size_t)rounds, sizeof *took);
  for (int i = 0; i < rounds; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    const long start = now();
    if (connect(fd, any(&to), sizeof to) != 0) return perror("connect"), 1;
    took[i] = now() - start;
    close(fd);
  }
  qsort(took, (size_t)rounds, sizeof *took, compare);
  printf("%ld\n", took[rounds / 2]);
  return 0;
}
