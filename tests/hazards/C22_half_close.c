/* Says all it has to say, closes its half, and reads to the end. argv: port */
#include "hazard.h"
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("connect", connect(fd, any(&to), sizeof to));
  char bytes[1000];
  memset(bytes, 'x', sizeof bytes);
  for (int i = 0; i < 20; ++i) send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);
  say("shutdown", shutdown(fd, SHUT_WR));
  say("send after it", send(fd, "y", 1, MSG_NOSIGNAL));
  size_t got = 0;
  for (;;) {
    const ssize_t n = read(fd, bytes, sizeof bytes);
    if (n < 0) return say("read", n);
    if (n == 0) break;
    got += (size_t)n;
  }
  printf("got %zu, then the end\n", got);
  say("and again", read(fd, bytes, 1));
  struct pollfd ended = {.fd = fd, .events = POLLIN | POLLRDHUP};
  printf("poll %d", poll(&ended, 1, 0));
  printf(" hangs up %d\n", (ended.revents & POLLRDHUP) != 0);
  return 0;
}
