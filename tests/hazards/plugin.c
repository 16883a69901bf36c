/* L13: what a program loads while it runs. */
#include "hazard.h"
int connect_once(const char* port);
int connect_once(const char* port) {
  const struct sockaddr_in to = v4("127.0.0.1", port);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int ok = connect(fd, any(&to), sizeof to) == 0 && peer_is(fd, &to, sizeof to) && echoes(fd);
  close(fd);
  return ok;
}
