/* For each line of its input a connect; prints what came of it. argv: port [closed: it lets nobody look into it] */
#include <sys/prctl.h>

#include "hazard.h"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (argc > 2 && prctl(PR_SET_DUMPABLE, 0) != 0) return 3;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  char line[16];
  while (fgets(line, sizeof line, stdin) != NULL) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    say("connect", connect(fd, any(&to), sizeof to));
    printf("echoes: %d\n", echoes(fd));
    fflush(stdout);
    close(fd);
  }
  return 0;
}
