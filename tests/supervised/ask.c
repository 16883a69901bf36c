/* Asks a local provider once by HTTP and prints the answer's body. argv: address port path body */
#include "hazard.h"

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  const struct sockaddr_in to = v4(argv[1], argv[2]);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (say("connect", connect(fd, any(&to), sizeof to))) return 3;
  static char text[65536];
  const int size = snprintf(text, sizeof text,
                            "POST %s HTTP/1.1\r\nHost: %s:%s\r\nx-api-key: k\r\ncontent-type: application/json\r\n"
                            "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                            argv[3], argv[1], argv[2], strlen(argv[4]), argv[4]);
  if (send(fd, text, (size_t)size, MSG_NOSIGNAL) != size) return 4;
  size_t got = 0;
  for (ssize_t n; got < sizeof text - 1 && (n = recv(fd, text + got, sizeof text - 1 - got, 0)) > 0;) got += (size_t)n;
  text[got] = 0;
  fwrite(text, 1, got, stdout);
  return strncmp(text, "HTTP/1.1 200", 12) == 0 ? 0 : 5;
}
