/* Connects past libc: syscall() is nobody's to interpose, and getpeername stays true. argv: port */
#include "hazard.h"
#include <sys/syscall.h>
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("syscall connect", syscall(SYS_connect, fd, &to, sizeof to));
  printf("peer %d echoes %d\n", peer_is(fd, &to, sizeof to), echoes(fd));
  say("a number there is not", syscall(100000));
  return 0;
}
