/* A server that resets is told from one that ends. argv: port of a server that answers "r" by a reset and "f" by its
 * end */
#include "hazard.h"
static void ask(const char* how, const struct sockaddr_in* to) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("connect", connect(fd, any(to), sizeof *to));
  say(how, send(fd, how, 1, MSG_NOSIGNAL));
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  printf("poll %d\n", poll(&wait, 1, 20000));
  printf("error %d hang-up %d\n", (wait.revents & POLLERR) != 0, (wait.revents & POLLHUP) != 0);
  char byte;
  say("read", read(fd, &byte, 1));
  say("read again", read(fd, &byte, 1));
  close(fd);
}
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  ask("reset", &to);
  ask("fin", &to);
  return 0;
}
