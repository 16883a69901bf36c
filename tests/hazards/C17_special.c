/* Destinations that stay what they are. argv: port, port of the run's listener, closed port (captured) */
#include "hazard.h"
static void try(const char* what, int family, const void* to, socklen_t size) {
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int result = connect(fd, any(to), size);
  const int error = errno;
  printf("%s: %d %s", what, result, result < 0 ? strerror(error) : "");
  if (result < 0 && error == EINPROGRESS) printf(", then %s", strerror(connect_error(fd)));
  printf("\n");
  close(fd);
}
int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const char* addresses[] = {"0.0.0.0", "127.64.0.1", "127.80.1.2", "224.0.0.1", "255.255.255.255", "240.0.0.1"};
  for (size_t i = 0; i < sizeof addresses / sizeof *addresses; ++i) {
    const struct sockaddr_in open = v4(addresses[i], argv[1]), closed = v4(addresses[i], argv[3]);
    printf("%s ", addresses[i]);
    try("open port", AF_INET, &open, sizeof open);
    printf("%s ", addresses[i]);
    try("closed port", AF_INET, &closed, sizeof closed);
  }
  const struct sockaddr_in6 any6 = v6("::", argv[1]), multicast = v6("ff02::1", argv[1]), local = v6("fe80::1", argv[1]);
  try("::", AF_INET6, &any6, sizeof any6);
  try("multicast", AF_INET6, &multicast, sizeof multicast);
  try("link-local without a scope", AF_INET6, &local, sizeof local);
  const struct sockaddr_in listener = v4("127.0.0.1", argv[2]), token = v4("127.64.0.1", argv[2]);
  /* Accepted, then reset: which of the two SO_ERROR tells is a race. */
  say("listener", connect(socket(AF_INET, SOCK_STREAM, 0), any(&listener), sizeof listener));
  say("token", connect(socket(AF_INET, SOCK_STREAM, 0), any(&token), sizeof token));
  return 0;
}
