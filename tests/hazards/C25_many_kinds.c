/* A hundred connections of each kind, to a server of ours: every one gets there. argv: port, rounds */
#include "hazard.h"
static int one(int family, int flags, int only_v6, const void* to, socklen_t size) {
  const int fd = socket(family, SOCK_STREAM | flags, 0);
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6);
  int ok = connect(fd, any(to), size) == 0;
  if (!ok && errno == EINPROGRESS) ok = connect_error(fd) == 0;
  ok = ok && peer_is(fd, to, size) && echoes(fd);
  close(fd);
  return ok;
}
static int fast_open(const struct sockaddr_in* to) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  char back[8];
  const int ok = sendto(fd, "12345678", 8, MSG_FASTOPEN, any(to), sizeof *to) == 8 &&
                 recv(fd, back, 8, MSG_WAITALL) == 8 && memcmp(back, "12345678", 8) == 0;
  close(fd);
  return ok;
}
int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const struct sockaddr_in four = v4("127.0.0.1", argv[1]);
  const struct sockaddr_in6 six = v6("::1", argv[1]), mapped = v6("::ffff:127.0.0.1", argv[1]);
  const int rounds = atoi(argv[2]);
  int reached[8] = {0};
  for (int i = 0; i < rounds; ++i) {
    for (int wait = 0; wait < 2; ++wait) {
      const int flags = wait == 0 ? SOCK_NONBLOCK : 0;
      reached[wait] += one(AF_INET, flags, 0, &four, sizeof four);
      reached[2 + wait] += one(AF_INET6, flags, 0, &six, sizeof six);
      reached[4 + wait] += one(AF_INET6, flags, 0, &mapped, sizeof mapped);
    }
    reached[6] += one(AF_INET6, 0, 1, &six, sizeof six);
    reached[7] += fast_open(&four);
  }
  for (int i = 0; i < 8; ++i) printf("kind %d: %d\n", i, reached[i] - rounds);
  return 0;
}
