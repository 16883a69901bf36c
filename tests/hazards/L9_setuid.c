/* Says whether it has more rights than its caller, and connects. argv: port */
#include "hazard.h"
#include <sys/auxv.h>
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  printf("secure %lu connect %d echoes %d\n", getauxval(AT_SECURE), connect(fd, any(&to), sizeof to), echoes(fd));
  return 0;
}
