/* Bad pointers and lengths are the kernel's to judge. argv: port */
#include "hazard.h"
#include <sys/mman.h>
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const struct sockaddr_in6 to6 = v6("::1", argv[1]);
  char* pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(pages + 4096, 4096, PROT_NONE);
  char* straddling = pages + 4096 - 8; /* its first 8 bytes can be read */
  memcpy(straddling, &to, 8);
  char* at_end = pages + 4096 - sizeof to;
  char* at_end6 = pages + 4096 - 24;
  const struct { const char* what; const void* address; socklen_t size; } cases[] = {
      {"null", NULL, 16},          {"one", (void*)1, 16},       {"unmapped", pages + 4096, 16},
      {"straddling", straddling, 16}, {"straddling 8", straddling, 8}, {"top of memory", (void*)-8L, 16},
      {"kernel", (void*)(1UL << 63), 28}, {"null 0", NULL, 0},  {"null 128", NULL, 128},
      {"too long", &to, 129},      {"huge", &to, 1u << 31},     {"negative", &to, (socklen_t)-1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    say(cases[i].what, connect(fd, cases[i].address, cases[i].size));
    say("  fast open", sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, cases[i].address, cases[i].size));
    close(fd);
  }
  for (socklen_t size = 0; size < 16; ++size) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    printf("%u ", size);
    say("short", connect(fd, any(&to), size));
    close(fd);
  }
  for (socklen_t size = 16; size < 28; ++size) {
    const int fd = socket(AF_INET6, SOCK_STREAM, 0);
    printf("%u ", size);
    say("short v6", connect(fd, any(&to6), size));
    close(fd);
  }
  memcpy(at_end, &to, sizeof to);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("up to the page's end", connect(fd, any(at_end), sizeof to));
  memcpy(at_end6, &to6, 24);
  close(fd);
  fd = socket(AF_INET6, SOCK_STREAM, 0);
  say("v6 up to the page's end", connect(fd, any(at_end6), 24));
  say("v6 beyond", connect(fd, any(at_end6), 28));
  say("v4 sockaddr on a v6 socket", connect(socket(AF_INET6, SOCK_STREAM, 0), any(&to), sizeof to));
  say("v6 sockaddr on a v4 socket", connect(socket(AF_INET, SOCK_STREAM, 0), any(&to6), sizeof to6));
  say("bad descriptor", connect(-1, any(&to), sizeof to));
  say("a pipe", connect(0, any(&to), sizeof to));
#ifdef __GLIBC__ /* musl reads them itself, and crashes */
  say("sendmsg null", sendmsg(fd, NULL, MSG_FASTOPEN));
  say("sendmsg unmapped", sendmsg(fd, (void*)(pages + 4096), MSG_FASTOPEN));
  say("sendmmsg unmapped", sendmmsg(fd, (void*)(pages + 4096), 2, MSG_FASTOPEN));
#endif

  struct sockaddr_in peer;
  socklen_t size = sizeof peer;
  fd = socket(AF_INET, SOCK_STREAM, 0);
  say("no peer yet", getpeername(fd, (struct sockaddr*)&peer, &size));
  say("connect", connect(fd, any(&to), sizeof to));
  say("null name", getpeername(fd, NULL, &size));
  size = 0;
  say("null name, no room", getpeername(fd, NULL, &size));
  printf("size %u\n", size);
  say("null size", getpeername(fd, (struct sockaddr*)&peer, NULL));
  say("unmapped size", getpeername(fd, (struct sockaddr*)&peer, (socklen_t*)(void*)(pages + 4096)));
  size = (socklen_t)-1;
  say("negative size", getpeername(fd, (struct sockaddr*)&peer, &size));
  size = sizeof peer;
  say("unmapped name", getpeername(fd, (struct sockaddr*)(void*)(pages + 4096), &size));
  return 0;
}
