/* Nothing is remembered by descriptor number. argv: port, port that is not captured */
#include "hazard.h"
#include <fcntl.h>
#include <sys/syscall.h>
int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]), plain = v4("127.0.0.1", argv[2]);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("connect", connect(fd, any(&to), sizeof to));
  const int copy = dup(fd), high = fcntl(fd, F_DUPFD_CLOEXEC, 100), moved = dup3(fd, 200, O_CLOEXEC);
  syscall(SYS_close, fd);
  const int again = socket(AF_INET, SOCK_STREAM, 0);
  printf("same number %d\n", again == fd);
  struct sockaddr_in peer;
  socklen_t size = sizeof peer;
  say("fresh peer", getpeername(again, (struct sockaddr*)&peer, &size));
  say("connect elsewhere", connect(again, any(&plain), sizeof plain));
  printf("peer %d echoes %d\n", peer_is(again, &plain, sizeof plain), echoes(again));
  printf("copies %d %d %d\n", peer_is(copy, &to, sizeof to), peer_is(high, &to, sizeof to), peer_is(moved, &to, sizeof to));
  close(copy);
  close(moved);
  printf("the last one echoes %d\n", echoes(high));
  return 0;
}
