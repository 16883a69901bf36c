/* A thousand non-blocking connects under way at once, through a copy of each descriptor. argv: port */
#include <sys/resource.h>

#include "hazard.h"

enum { MANY = 1000 };
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  static struct pollfd all[MANY];
  int begun = 0, connected = 0, failed = 0;
  for (int i = 0; i < MANY; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    all[i].fd = dup(fd);
    all[i].events = POLLOUT;
    const int result = connect(fd, any(&to), sizeof to);
    begun += result == 0 || errno == EINPROGRESS;
    close(fd);
  }
  while (connected + failed < MANY) {
    if (poll(all, MANY, 30000) <= 0) break;
    for (int i = 0; i < MANY; ++i) {
      if (all[i].fd < 0 || all[i].revents == 0) continue;
      ++*(connect_error(all[i].fd) == 0 ? &connected : &failed);
      if (i % 100 == 0 && !echoes(all[i].fd)) printf("no echo on %d\n", i);
      close(all[i].fd);
      all[i].fd = -1;
    }
  }
  printf("begun %d connected %d failed %d\n", begun, connected, failed);
  return 0;
}
