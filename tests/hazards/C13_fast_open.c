/* The ways to connect by sending. argv: port */
#include "hazard.h"
static void finish(const char* what, int fd, const struct sockaddr_in* to, size_t wanted) {
  char back[32] = {0};
  size_t got = 0;
  while (got < wanted) {
    const ssize_t n = recv(fd, back + got, sizeof back - got - 1, 0);
    if (n <= 0) break;
    got += (size_t)n;
  }
  printf("%s: came back %s, peer %d\n", what, back, peer_is(fd, to, sizeof *to));
  close(fd);
}
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  struct iovec first = {(void*)"one", 3}, second = {(void*)"two", 3};
  struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &first, .msg_iovlen = 1};
  struct mmsghdr both[2] = {{.msg_hdr = message}, {.msg_hdr = {.msg_iov = &second, .msg_iovlen = 1}}};

  int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("sendto", sendto(fd, "hello", 5, MSG_FASTOPEN, any(&to), sizeof to));
  say("sendto again", sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, any(&to), sizeof to));
  finish("sendto", fd, &to, 5);

  fd = socket(AF_INET, SOCK_STREAM, 0);
  say("sendmsg", sendmsg(fd, &message, MSG_FASTOPEN));
  finish("sendmsg", fd, &to, 3);

  fd = socket(AF_INET, SOCK_STREAM, 0);
  say("sendmmsg of one", sendmmsg(fd, both, 1, MSG_FASTOPEN));
  printf("sent %u\n", both[0].msg_len);
  finish("sendmmsg of one", fd, &to, 3);

  fd = socket(AF_INET, SOCK_STREAM, 0);
  say("sendmmsg", sendmmsg(fd, both, 2, MSG_FASTOPEN)); /* the second fails: the kernel has fast open only once */
  printf("sent %u\n", both[0].msg_len);
  finish("sendmmsg", fd, &to, 3);

  fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const long sent = sendto(fd, "hello", 5, MSG_FASTOPEN, any(&to), sizeof to);
  printf("non-blocking sendto %d, SO_ERROR %d\n", sent == 5 || errno == EINPROGRESS, connect_error(fd));
  close(fd);

  const int on = 1;
  fd = socket(AF_INET, SOCK_STREAM, 0);
  say("TCP_FASTOPEN_CONNECT", setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on));
  say("connect", connect(fd, any(&to), sizeof to));
  say("write", write(fd, "deferred", 8));
  finish("connect", fd, &to, 8);

  fd = socket(AF_INET, SOCK_STREAM, 0);
  say("sendto without fast open", sendto(fd, "x", 1, MSG_NOSIGNAL, any(&to), sizeof to));
  return 0;
}
