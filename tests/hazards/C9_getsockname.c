/* getsockname tells the address that a connection comes from, and the socket's own port. argv: port, address... */
#include "hazard.h"
static void tell(const char* what, int fd) {
  for (socklen_t room = 0; room <= 32; room += room < 4 ? 1 : 4) {
    struct sockaddr_storage name;
    memset(&name, 0xAA, sizeof name);
    socklen_t size = room;
    const int result = getsockname(fd, (struct sockaddr*)&name, &size);
    int untouched = 1;
    for (size_t i = room; i < sizeof name; ++i) untouched &= ((unsigned char*)&name)[i] == 0xAA;
    printf("  room %u: %d told %u rest untouched %d\n", room, result, size, untouched);
  }
  struct sockaddr_storage name;
  socklen_t size = sizeof name;
  memset(&name, 0, sizeof name);
  say("getsockname", getsockname(fd, (struct sockaddr*)&name, &size));
  char text[64] = "?";
  const int six = name.ss_family == AF_INET6;
  inet_ntop(name.ss_family,
            six ? (void*)&((struct sockaddr_in6*)&name)->sin6_addr : (void*)&((struct sockaddr_in*)&name)->sin_addr,
            text, sizeof text);
  printf("%s: from %s port %d\n", what, text, ((struct sockaddr_in*)&name)->sin_port != 0);
}
int main(int argc, char** argv) {
  if (argc < 3) return 2;
  int fd = -1;
  for (int i = 2; i < argc; ++i) {
    const int six = strchr(argv[i], ':') != NULL;
    const struct sockaddr_in four = v4(argv[i], argv[1]);
    const struct sockaddr_in6 to6 = v6(argv[i], argv[1]);
    fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    tell("before", fd);
    say(argv[i], connect(fd, six ? any(&to6) : any(&four), six ? sizeof to6 : sizeof four));
    tell(argv[i], fd);
    printf("echoes %d\n", echoes(fd));
  }
  const struct sockaddr_in from = v4("127.0.0.5", "0"), to = v4("127.0.0.1", argv[1]);
  fd = socket(AF_INET, SOCK_STREAM, 0);
  say("bind", bind(fd, any(&from), sizeof from));
  say("connect", connect(fd, any(&to), sizeof to));
  tell("bound to 127.0.0.5", fd);
  say("no descriptor", getsockname(-1, (struct sockaddr*)argv, &(socklen_t){16}));
  say("no room to tell", getsockname(fd, (struct sockaddr*)argv, NULL));
  say("bad name", getsockname(fd, (void*)8, &(socklen_t){16}));
  return 0;
}
