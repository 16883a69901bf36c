/* A second connect on the same socket. argv: port */
#include "hazard.h"
#include <fcntl.h>
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("first", connect(fd, any(&to), sizeof to));
  say("second", connect(fd, any(&to), sizeof to));
  printf("echoes %d\n", echoes(fd));
  close(fd);

  fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  say("non-blocking", connect(fd, any(&to), sizeof to));
  printf("SO_ERROR %d\n", connect_error(fd));
  say("again", connect(fd, any(&to), sizeof to)); /* once 0: it learns that it is connected */
  say("and again", connect(fd, any(&to), sizeof to));
  printf("echoes %d\n", echoes(fd));
  close(fd);

  fd = socket(AF_INET, SOCK_STREAM, 0);
  say("listen", listen(fd, 1));
  say("connect of a listener", connect(fd, any(&to), sizeof to));
  return 0;
}
