/* Dual, V6ONLY and bound IPv6 sockets. argv: port; "v6only" tells whether they are that afterwards, too */
#include "hazard.h"
static int v6only(int fd, int value) { return setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, sizeof value); }
static int tells_v6only;
static void reach(const char* what, int fd, const void* to, socklen_t size) {
  errno = 77;
  say(what, connect(fd, any(to), size));
  printf("  errno %d", errno);
  int only = -1;
  socklen_t only_size = sizeof only;
  printf(" peer %d echoes %d", peer_is(fd, to, size), echoes(fd));
  getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &only_size);
  if (tells_v6only) printf(" v6only %d", only);
  printf("\n");
  close(fd);
}
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  tells_v6only = argc > 2;
  const struct sockaddr_in6 six = v6("::1", argv[1]), mapped = v6("::ffff:127.0.0.1", argv[1]);
  const struct sockaddr_in6 here = v6("::1", "0"), anywhere = v6("::", "0");
  reach("dual", socket(AF_INET6, SOCK_STREAM, 0), &six, sizeof six);
  reach("dual, mapped", socket(AF_INET6, SOCK_STREAM, 0), &mapped, sizeof mapped);
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  v6only(fd, 1);
  reach("v6only", fd, &six, sizeof six);
  fd = socket(AF_INET6, SOCK_STREAM, 0);
  v6only(fd, 1);
  say("bind any", bind(fd, any(&anywhere), sizeof anywhere));
  reach("v6only, bound", fd, &six, sizeof six);
  fd = socket(AF_INET6, SOCK_STREAM, 0);
  say("bind ::1", bind(fd, any(&here), sizeof here));
  reach("dual, bound to ::1", fd, &six, sizeof six);
  fd = socket(AF_INET6, SOCK_STREAM, 0);
  v6only(fd, 1);
  say("bind ::1", bind(fd, any(&here), sizeof here));
  reach("v6only, bound to ::1", fd, &six, sizeof six);
  return 0;
}
