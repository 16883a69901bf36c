/* UDP to a captured port is nobody's business. argv: port */
#include "hazard.h"
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  say("connect", connect(fd, any(&to), sizeof to));
  printf("peer %d\n", peer_is(fd, &to, sizeof to));
  struct sockaddr_in name;
  socklen_t size = sizeof name;
  getsockname(fd, (struct sockaddr*)&name, &size);
  printf("source is 127.0.0.1 %d\n", name.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
  say("fast open", sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, MSG_FASTOPEN, any(&to), sizeof to));
  return 0;
}
