/* A local port nobody listens on. argv: closed port (captured) */
#include "hazard.h"
static void refuse(const char* what, int family, const void* to, socklen_t size) {
  int fd = socket(family, SOCK_STREAM, 0);
  say(what, connect(fd, any(to), size));
  say("  again", connect(fd, any(to), size));
  close(fd);
  fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int result = connect(fd, any(to), size);
  printf("  non-blocking %d\n", result < 0 && errno == EINPROGRESS ? connect_error(fd) : errno);
  say("  fast open", sendto(socket(family, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, any(to), size));
}
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in four = v4("127.0.0.1", argv[1]);
  const struct sockaddr_in6 six = v6("::1", argv[1]), mapped = v6("::ffff:127.0.0.1", argv[1]);
  refuse("v4", AF_INET, &four, sizeof four);
  refuse("v6", AF_INET6, &six, sizeof six);
  refuse("mapped", AF_INET6, &mapped, sizeof mapped);
  return 0;
}
