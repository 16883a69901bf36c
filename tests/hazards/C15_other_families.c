/* Sockets that are not TCP over IP. */
#include "hazard.h"
#include <linux/netlink.h>
#include <stddef.h>
#include <sys/un.h>
int main(void) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "hazard-%ld", (long)getpid()); /* abstract */
  const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name.sun_path + 1));
  const int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
  for (int i = 0; i < 3; ++i) {
    const int server = socket(AF_UNIX, types[i], 0), client = socket(AF_UNIX, types[i], 0);
    say("bind", bind(server, any(&name), size));
    if (types[i] != SOCK_DGRAM) listen(server, 1);
    say("connect", connect(client, any(&name), size));
    say("whole sockaddr_un", connect(socket(AF_UNIX, types[i], 0), any(&name), sizeof name));
    printf("peer %d\n", peer_is(client, &name, size));
    close(client);
    close(server);
  }
  const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  say("netlink", connect(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), any(&kernel), sizeof kernel));
  char bytes[128] = {0};
  bytes[0] = 40; /* AF_VSOCK */
  say("wrong family", connect(socket(AF_INET, SOCK_STREAM, 0), any(bytes), 16));
  return 0;
}
