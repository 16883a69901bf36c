/* Resolves a name, prints what it got, connects to the first address. argv: name, port, family (4 or 6) */
#include "hazard.h"
#include <netdb.h>
int main(int argc, char** argv) {
  if (argc < 4) return 2;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = argv[3][0] == '6' ? AF_INET6 : AF_INET}, *list = NULL;
  hints.ai_flags = AI_CANONNAME;
  const int result = getaddrinfo(argv[1], argv[2], &hints, &list);
  printf("getaddrinfo %d\n", result);
  for (struct addrinfo* i = list; i != NULL; i = i->ai_next) {
    char address[64] = "";
    getnameinfo(i->ai_addr, i->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST);
    printf("%d %d %d %d %s %s\n", i->ai_family, i->ai_socktype, i->ai_protocol, i->ai_flags, address,
           i->ai_canonname != NULL ? i->ai_canonname : "-");
  }
  if (list == NULL) return 1;
  const int fd = socket(list->ai_family, SOCK_STREAM, 0);
  say("connect", connect(fd, list->ai_addr, list->ai_addrlen));
  return 0;
}
