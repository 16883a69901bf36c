/* Multipath TCP, where the kernel has it. argv: port */
#include "hazard.h"
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const int fd = socket(AF_INET, SOCK_STREAM, 262);
  if (fd < 0) return puts("no MPTCP"), 0;
  say("connect", connect(fd, any(&to), sizeof to));
  printf("peer %d echoes %d\n", peer_is(fd, &to, sizeof to), echoes(fd));
  say("second", connect(fd, any(&to), sizeof to));
  return 0;
}
