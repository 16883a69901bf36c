/* Connects, exchanges eight bytes; says how it went by its exit status alone. argv: port [count] */
#include "hazard.h"
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  for (int i = argc > 2 ? atoi(argv[2]) : 1; i > 0; --i) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return 3;
    if (connect(fd, any(&to), sizeof to) != 0) return 4;
    if (!peer_is(fd, &to, sizeof to)) return 5;
    if (!echoes(fd)) return 6;
    close(fd);
  }
  return 0;
}
