/* O_NONBLOCK, EINPROGRESS, and an edge-triggered registration made before connect. argv: port */
#include "hazard.h"
#include <fcntl.h>
#include <sys/epoll.h>
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLOUT | EPOLLET, .data = {.u32 = 7}};
  const int flags = fcntl(fd, F_GETFL);
  epoll_wait(epoll, &event, 1, 0);
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  epoll_wait(epoll, &event, 1, 0); /* the hang-up of a fresh socket */
  say("connect", connect(fd, any(&to), sizeof to));
  printf("flags kept %d\n", fcntl(fd, F_GETFL) == flags);
  printf("SO_ERROR %d\n", connect_error(fd));
  event.data.u32 = 0;
  printf("edge %d", epoll_wait(epoll, &event, 1, 5000));
  printf(" data %u out %d\n", event.data.u32, (event.events & EPOLLOUT) != 0);
  printf("no second edge %d\n", epoll_wait(epoll, &event, 1, 0));
  printf("echoes %d\n", echoes(fd));
  return 0;
}
