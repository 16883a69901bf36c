/* What getaddrinfo answers, to the last field and code. argv: names... */
#include "hazard.h"
#include <netdb.h>
static void ask(const char* node, const char* service, const struct addrinfo* hints) {
  struct addrinfo* list = (void*)1;
  errno = 77;
  const int result = getaddrinfo(node, service, hints, &list);
  printf("%s %s flags %x family %d: %d %s errno %d list %d\n", node == NULL ? "-" : node,
         service == NULL ? "-" : service, hints == NULL ? 0 : (unsigned)hints->ai_flags,
         hints == NULL ? -1 : hints->ai_family, result, result == 0 ? "" : gai_strerror(result),
         result == EAI_SYSTEM ? errno : 0, result == 0 && list != NULL);
  if (result != 0) return;
  for (const struct addrinfo* i = list; i != NULL; i = i->ai_next) {
    char address[64] = "";
    getnameinfo(i->ai_addr, i->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST);
    printf("  %x %d %d %d %u %s %s\n", (unsigned)i->ai_flags, i->ai_family, i->ai_socktype, i->ai_protocol,
           (unsigned)i->ai_addrlen, address, i->ai_canonname == NULL ? "-" : i->ai_canonname);
  }
  freeaddrinfo(list);
}
int main(int argc, char** argv) {
  const int flags[] = {0, AI_NUMERICHOST, AI_CANONNAME, AI_PASSIVE, AI_V4MAPPED | AI_ALL, AI_NUMERICSERV, -1};
  const int families[] = {AF_UNSPEC, AF_INET, AF_INET6, 99};
  ask(NULL, NULL, NULL);
  ask(NULL, "443", NULL);
  for (int i = 1; i < argc; ++i) {
    ask(argv[i], NULL, NULL);
    ask(argv[i], "https", NULL);
    ask(argv[i], "no-such-service", NULL);
    for (size_t f = 0; f < sizeof flags / sizeof *flags; ++f) {
      for (size_t a = 0; a < sizeof families / sizeof *families; ++a) {
        const struct addrinfo hints = {.ai_flags = flags[f], .ai_family = families[a], .ai_socktype = SOCK_STREAM};
        ask(argv[i], "443", &hints);
      }
    }
  }
  return 0;
}
