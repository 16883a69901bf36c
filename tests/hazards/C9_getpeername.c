/* getpeername tells what was asked for, in every form and into every size of buffer. argv: port */
#include "hazard.h"
static void tell(const char* what, int family, const void* to, socklen_t size) {
  const int fd = socket(family, SOCK_STREAM, 0);
  say(what, connect(fd, any(to), size));
  printf("  same peer %d, of a duplicate %d\n", peer_is(fd, to, size), peer_is(dup(fd), to, size));
  for (socklen_t room = 0; room <= 32; ++room) {
    unsigned char bytes[40];
    memset(bytes, 0xAA, sizeof bytes);
    socklen_t told = room;
    const int result = getpeername(fd, (struct sockaddr*)(void*)bytes, &told);
    const socklen_t filled = room < size ? room : size;
    int untouched = 1;
    for (size_t i = filled; i < sizeof bytes; ++i) untouched &= bytes[i] == 0xAA;
    printf("  room %u: %d told %u same %d rest untouched %d\n", room, result, told, memcmp(bytes, to, filled) == 0,
           untouched);
  }
  close(fd);
}
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in four = v4("127.0.0.1", argv[1]), other = v4("127.0.0.9", argv[1]);
  const struct sockaddr_in6 six = v6("::1", argv[1]), mapped = v6("::ffff:127.0.0.1", argv[1]);
  tell("v4", AF_INET, &four, sizeof four);
  tell("another loopback address", AF_INET, &other, sizeof other);
  tell("v6", AF_INET6, &six, sizeof six);
  tell("mapped", AF_INET6, &mapped, sizeof mapped);
  return 0;
}
