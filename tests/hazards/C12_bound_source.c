/* A socket bound to a source address keeps it. argv: port */
#include "hazard.h"
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]), from = v4("127.0.0.5", "0");
  struct sockaddr_in name;
  socklen_t size = sizeof name;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("bind", bind(fd, any(&from), sizeof from));
  say("connect", connect(fd, any(&to), sizeof to));
  getsockname(fd, (struct sockaddr*)&name, &size);
  printf("source kept %d peer %d echoes %d\n", name.sin_addr.s_addr == from.sin_addr.s_addr,
         peer_is(fd, &to, sizeof to), echoes(fd));
  return 0;
}
