/* Leaves as a client that gives up: with a reset, by SO_LINGER 0 or by bytes it never read. argv: port, way */
#include "hazard.h"
int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("connect", connect(fd, any(&to), sizeof to));
  say("send", send(fd, argv[2], 1, MSG_NOSIGNAL));
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  printf("answered %d\n", poll(&wait, 1, 20000)); /* and never read */
  const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  char byte;
  if (argv[2][0] != 'u') recv(fd, &byte, 1, 0);
  if (argv[2][0] == 'l') setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  say("close", close(fd));
  return 0;
}
