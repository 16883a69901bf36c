/* A socket that was registered for EPOLLOUT|EPOLLET before its connect tells of it once. argv: port */
#include <sys/epoll.h>

#include "hazard.h"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const int epoll = epoll_create1(0);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct epoll_event want = {.events = EPOLLOUT | EPOLLET, .data.fd = fd}, got;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &want);
  /* A socket that is not connected hangs up: told once, and taken. */
  printf("before: %d\n", epoll_wait(epoll, &got, 1, 0));
  say("connect", connect(fd, any(&to), sizeof to));
  const int first = epoll_wait(epoll, &got, 1, 10000);
  printf("after: %d out %d error %d hang-up %d\n", first, !!(got.events & EPOLLOUT), !!(got.events & EPOLLERR),
         !!(got.events & EPOLLHUP));
  printf("again: %d\n", epoll_wait(epoll, &got, 1, 50));
  printf("SO_ERROR: %d\n", connect_error(fd));
  printf("echoes: %d\n", echoes(fd));
  return 0;
}
