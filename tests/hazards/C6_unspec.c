/* connect(AF_UNSPEC) dissolves the connection and the socket can be used again. argv: port */
#include "hazard.h"
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const struct sockaddr_in unspec = {.sin_family = AF_UNSPEC};
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("unspec on a fresh socket", connect(fd, any(&unspec), sizeof unspec));
  say("connect", connect(fd, any(&to), sizeof to));
  say("unspec", connect(fd, any(&unspec), sizeof unspec));
  printf("no peer %d\n", !peer_is(fd, &to, sizeof to));
  say("reconnect", connect(fd, any(&to), sizeof to));
  printf("peer %d echoes %d\n", peer_is(fd, &to, sizeof to), echoes(fd));
  return 0;
}
