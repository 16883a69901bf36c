/* Connects of every kind, from several threads at once, to eight servers of its own that tell which one they are.
 * argv: threads connects-per-thread and eight listening sockets. Prints how many reached whom they asked for, then waits
 * for the end of its input, so that somebody can look at the table. */
#include <pthread.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/wait.h>

#include "hazard.h"

enum { SERVERS = 8 };
static unsigned short ports[SERVERS];
static int per_thread;
static _Atomic int right, wrong, lost;

/* Reads four bytes, answers with its own port. */
static void* serve(void* listener) {
  const int fd = (int)(long)listener;
  struct sockaddr_in6 own;
  socklen_t size = sizeof own;
  getsockname(fd, (struct sockaddr*)&own, &size);
  for (;;) {
    const int client = accept(fd, NULL, NULL);
    if (client < 0) continue;
    char four[4];
    if (recv(client, four, 4, MSG_WAITALL) == 4) send(client, &own.sin6_port, 2, MSG_NOSIGNAL);
    close(client);
  }
  return NULL;
}

static int finish(int fd, int result) {
  if (result == 0) return 0;
  return errno == EINPROGRESS && connect_error(fd) == 0 ? 0 : -1;
}

/* Connects to 127.0.0.1 or ::1 in one of seven ways and has sent four bytes. */
static int reach(int way, unsigned short port) {
  const int six = way >= 3;
  const int later = way == 1 || way == 4 || way == 6 ? SOCK_NONBLOCK : 0;
  const int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | later, 0);
  if (fd < 0) return -1;
  struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = port};
  inet_pton(AF_INET6, way >= 5 ? "::1" : "::ffff:127.0.0.1", &to6.sin6_addr);
  const int on = 1;
  if (way >= 5) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const struct sockaddr* to = six ? any(&to6) : any(&to4);
  const socklen_t size = six ? sizeof to6 : sizeof to4;
  const struct linger at_once = {1, 0}; /* leaves no TIME_WAIT behind */
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  if (way == 2) {
    if (sendto(fd, "fast", 4, MSG_FASTOPEN | MSG_NOSIGNAL, to, size) == 4) return fd;
  } else if (finish(fd, connect(fd, to, size)) == 0 && send(fd, "four", 4, MSG_NOSIGNAL) == 4) {
    return fd;
  }
  close(fd);
  return -1;
}

static void* ask(void* seed) {
  unsigned next = (unsigned)(long)seed * 2654435761u + 1;
  for (int i = 0; i < per_thread; ++i) {
    next = next * 1664525u + 1013904223u;
    const unsigned short port = ports[(next >> 16) % SERVERS];
    const int fd = reach((int)((next >> 8) % 7), port);
    unsigned short told = 0;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (fd < 0 || poll(&wait, 1, 30000) != 1 || recv(fd, &told, 2, MSG_WAITALL) != 2)
      ++lost;
    else if (told == port)
      ++right;
    else
      ++wrong;
    if (fd >= 0) close(fd);
  }
  return NULL;
}

int main(int argc, char** argv) {
  if (argc != 3 + SERVERS) return 2;
  const int threads = atoi(argv[1]);
  per_thread = atoi(argv[2]);
  for (int i = 0; i < SERVERS; ++i) {
    struct sockaddr_in6 own;
    socklen_t size = sizeof own;
    if (getsockname(atoi(argv[3 + i]), (struct sockaddr*)&own, &size) != 0) return 3;
    ports[i] = own.sin6_port;
  }
  const pid_t servers = fork();
  if (servers == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pthread_t thread;
    for (int i = 0; i < SERVERS; ++i) pthread_create(&thread, NULL, serve, (void*)(long)atoi(argv[3 + i]));
    pause();
    _exit(0);
  }
  pthread_t asking[64];
  for (int i = 0; i < threads && i < 64; ++i) pthread_create(&asking[i], NULL, ask, (void*)(long)(i + 1));
  for (int i = 0; i < threads && i < 64; ++i) pthread_join(asking[i], NULL);
  printf("right %d wrong %d lost %d\n", right, wrong, lost);
  fflush(stdout);
  while (getchar() != EOF) continue;
  kill(servers, SIGKILL);
  waitpid(servers, NULL, 0);
  return 0;
}
