/* connect in a signal handler while the main program is in connect. argv: port */
#include "hazard.h"
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
static struct sockaddr_in to;
static atomic_int bad, handled;
static void reach(void) {
  const int saved = errno;
  const struct linger reset = {1, 0};
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  if (connect(fd, any(&to), sizeof to) != 0 && (errno != EINTR || connect_error(fd) != 0)) ++bad;
  else if (!peer_is(fd, &to, sizeof to) || !echoes(fd)) ++bad;
  close(fd);
  errno = saved;
}
static void on_alarm(int signal) {
  (void)signal;
  reach();
  ++handled;
}
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  to = v4("127.0.0.1", argv[1]);
  const struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  const struct itimerval often = {{0, 3000}, {0, 3000}}, never = {{0, 0}, {0, 0}};
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &often, NULL);
  while (handled < 200) reach();
  setitimer(ITIMER_REAL, &never, NULL);
  printf("bad %d\n", bad);
  return 0;
}
