/* A server on every address of this machine that sends back what comes, on two ports: prints them. Ends with its
 * parent. */
#include "hazard.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static int listen_on_any(void) {
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), off = 0;
  struct sockaddr_in6 own = {.sin6_family = AF_INET6};
  socklen_t size = sizeof own;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(fd, any(&own), sizeof own) != 0 || listen(fd, 4096) != 0) exit(3);
  getsockname(fd, (struct sockaddr*)&own, &size);
  printf("%d\n", ntohs(own.sin6_port));
  return fd;
}

/* Whether there is more to come. */
static int send_back(int fd) {
  char bytes[4096];
  const ssize_t n = recv(fd, bytes, sizeof bytes, 0);
  if (n < 0) return errno == EAGAIN;
  return n > 0 && send(fd, bytes, (size_t)n, MSG_NOSIGNAL) == n;
}

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const int epoll = epoll_create1(0);
  int listeners[2];
  for (int i = 0; i < 2; ++i) {
    listeners[i] = listen_on_any();
    struct epoll_event want = {.events = EPOLLIN, .data.fd = listeners[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listeners[i], &want);
  }
  fflush(stdout);
  for (;;) {
    struct epoll_event ready[64];
    const int many = epoll_wait(epoll, ready, 64, -1);
    for (int i = 0; i < many; ++i) {
      const int fd = ready[i].data.fd;
      if (fd == listeners[0] || fd == listeners[1]) {
        const int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
        struct epoll_event want = {.events = EPOLLIN, .data.fd = client};
        if (client >= 0) epoll_ctl(epoll, EPOLL_CTL_ADD, client, &want);
      } else if (!send_back(fd)) {
        close(fd);
      }
    }
  }
}
