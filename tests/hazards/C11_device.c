/* SO_BINDTODEVICE: lo, and every other interface of the machine. argv: port */
#include "hazard.h"
#include <net/if.h>
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  struct if_nameindex* interfaces = if_nameindex();
  for (struct if_nameindex* i = interfaces; i != NULL && i->if_name != NULL; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    printf("%s ", i->if_name);
    say("bind to device", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, i->if_name, (socklen_t)strlen(i->if_name)));
    say("connect", connect(fd, any(&to), sizeof to));
    if (strcmp(i->if_name, "lo") == 0) printf("SO_ERROR %d peer %d\n", connect_error(fd), peer_is(fd, &to, sizeof to));
    close(fd);
  }
  return 0;
}
