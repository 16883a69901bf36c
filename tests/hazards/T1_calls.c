/* Every call the tap stands before, when it works and when it fails. argv: port */
#include "hazard.h"
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
static void tell(const char* what, ssize_t result) {
  say(what, result);
  errno = 77;
}
static void on_alarm(int unused) {
  (void)unused;
  char byte;
  const int kept = errno, fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  recv(fd, &byte, 1, MSG_DONTWAIT);
  close(fd);
  errno = kept;
}
static void* read_for_ever(void* fd) {
  char byte;
  read(*(int*)fd, &byte, 1);
  return NULL;
}
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  char bytes[4096] = "12345678", back[4096];
  struct iovec parts[2] = {{bytes, 3}, {bytes + 3, 5}}, into[2] = {{back, 3}, {back + 3, 5}};
  errno = 77;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  tell("write unconnected", send(fd, bytes, 8, MSG_NOSIGNAL));
  tell("connect", connect(fd, any(&to), sizeof to));
  printf("errno %d\n", errno);
  tell("write", write(fd, bytes, 8));
  printf("errno %d\n", errno);
  tell("read", recv(fd, back, 8, MSG_WAITALL));
  tell("send", send(fd, bytes, 8, MSG_NOSIGNAL));
  tell("peek", recv(fd, back, 8, MSG_PEEK | MSG_WAITALL));
  tell("recvfrom", recvfrom(fd, back, 8, MSG_WAITALL, NULL, NULL));
  tell("writev", writev(fd, parts, 2));
  struct msghdr message = {.msg_iov = into, .msg_iovlen = 2};
  tell("recvmsg", recvmsg(fd, &message, MSG_WAITALL));
  message.msg_iov = parts;
  tell("sendmsg", sendmsg(fd, &message, 0));
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  poll(&wait, 1, 20000);
  tell("readv", readv(fd, into, 2) > 0);
  printf("%.8s errno %d\n", back, errno);
  tell("sendto", sendto(fd, bytes, 0, 0, NULL, 0));
  tell("nothing to read", recv(fd, back + 8, 1, MSG_DONTWAIT) > 0 ? 0 : -1);

  tell("bad buffer", write(fd, (void*)8, 8));
  tell("bad buffer to read", recv(fd, (void*)8, 8, MSG_DONTWAIT));
  tell("bad parts", writev(fd, (void*)8, 2));
  tell("too many parts", writev(fd, parts, 5000));
  tell("bad message", sendmsg(fd, (void*)8, 0));
  tell("bad message to read", recvmsg(fd, (void*)8, 0));
  tell("bad address size", recvfrom(fd, back, 1, MSG_DONTWAIT, (void*)back, (void*)8));
  tell("bad address", connect(fd, (void*)8, sizeof to));
  tell("bad descriptor", write(-1, bytes, 1));
  tell("no socket", shutdown(STDIN_FILENO, SHUT_RD));
  tell("shutdown", shutdown(fd, SHUT_WR));
  tell("write after it", send(fd, bytes, 1, MSG_NOSIGNAL));
  tell("close", close(fd));
  tell("close again", close(fd));

  int pair[2];
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0) return 3;
  tell("datagram", write(pair[0], bytes, 4000));
  tell("cut", recv(pair[1], back, 10, MSG_TRUNC));
  tell("empty datagram", send(pair[0], bytes, 0, 0));
  socklen_t size = sizeof name;
  tell("empty, from", recvfrom(pair[1], back, 10, 0, (struct sockaddr*)&name, &size));
  printf("%u\n", (unsigned)size);
  int pipes[2];
  if (pipe(pipes) != 0) return 4;
  tell("pipe", write(pipes[1], bytes, 8));
  tell("pipe", read(pipes[0], back, 8));

  /* Interrupted, in a handler, cancelled. */
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
  const struct itimerval soon = {.it_value.tv_usec = 20000, .it_interval.tv_usec = 20000}, never = {0};
  setitimer(ITIMER_REAL, &soon, NULL);
  tell("interrupted", read(pair[1], back, 1));
  setitimer(ITIMER_REAL, &never, NULL);
  pthread_t thread;
  void* end;
  pthread_create(&thread, NULL, read_for_ever, &pair[1]);
  pthread_cancel(thread);
  pthread_join(thread, &end);
  printf("cancelled %d\n", end == PTHREAD_CANCELED);
  return 0;
}
