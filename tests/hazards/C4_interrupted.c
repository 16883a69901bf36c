/* A storm of signals without SA_RESTART: connect succeeds or says EINTR, and an interrupted one goes on. argv: port */
#include "hazard.h"
#include <signal.h>
#include <sys/time.h>
static void nothing(int signal) { (void)signal; }
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const struct sigaction action = {.sa_handler = nothing};
  const struct itimerval storm = {{0, 50}, {0, 50}}, calm = {{0, 0}, {0, 0}};
  int bad = 0;
  sigaction(SIGALRM, &action, NULL);
  for (int i = 0; i < 300; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    setitimer(ITIMER_REAL, &storm, NULL);
    const int result = connect(fd, any(&to), sizeof to);
    const int error = errno;
    setitimer(ITIMER_REAL, &calm, NULL);
    if (result != 0 && (error != EINTR || connect_error(fd) != 0)) ++bad;
    if (!peer_is(fd, &to, sizeof to)) ++bad;
    close(fd);
  }
  printf("bad %d\n", bad);
  return 0;
}
