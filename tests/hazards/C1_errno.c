/* errno is left alone by what succeeds. argv: port */
#include "hazard.h"
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  struct sockaddr_in peer;
  socklen_t size = sizeof peer;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  errno = 77;
  const int result = connect(fd, any(&to), sizeof to);
  printf("connect %d errno %d\n", result, errno);
  printf("getpeername %d", getpeername(fd, (struct sockaddr*)&peer, &size));
  printf(" errno %d\n", errno);
  printf("echoes %d\n", echoes(fd));
  return 0;
}
