/* An event loop that opens many connections to a server that accepts none turns on: no connect waits. argv: port */
#include "hazard.h"
#include <sys/epoll.h>
enum { many = 1000 };
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const int loop = epoll_create1(0);
  int in_progress = 0, connected = 0, other = 0;
  for (int i = 0; i < many; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct epoll_event wanted = {.events = EPOLLOUT | EPOLLET, .data.fd = fd};
    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &wanted); /* before the connect: what was asked for must stay asked for */
    if (connect(fd, any(&to), sizeof to) == 0)
      ++connected;
    else if (errno == EINPROGRESS)
      ++in_progress;
    else
      ++other;
  }
  printf("in progress %d, connected %d, other %d\n", in_progress, connected, other);
  return 0;
}
