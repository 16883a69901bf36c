/* UNIX sockets, stream and datagram, named and abstract, four threads: nothing of them changes. argv: folder */
#include <pthread.h>
#include <sys/un.h>

#include "hazard.h"

enum { TIMES = 5000 };
static struct sockaddr_un to;
static socklen_t to_size;
static _Atomic int connected;

static void* storm(void* unused) {
  for (int i = 0; i < TIMES; ++i) {
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    connected += connect(fd, any(&to), to_size) == 0;
    close(fd);
  }
  return unused;
}

static void four_threads(const char* what) {
  pthread_t threads[4];
  connected = 0;
  for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, storm, NULL);
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  printf("%s: %d connected\n", what, connected);
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const int server = socket(AF_UNIX, SOCK_DGRAM, 0);
  to.sun_family = AF_UNIX;
  snprintf(to.sun_path, sizeof to.sun_path, "%s/socket", argv[1]);
  to_size = sizeof to;
  unlink(to.sun_path);
  if (bind(server, any(&to), to_size) != 0) return 3;
  four_threads("named");
  const int abstract = socket(AF_UNIX, SOCK_DGRAM, 0);
  memset(&to, 0, sizeof to);
  to.sun_family = AF_UNIX;
  snprintf(to.sun_path + 1, sizeof to.sun_path - 1, "hazard-%d", getpid());
  to_size = (socklen_t)(sizeof(sa_family_t) + 1 + strlen(to.sun_path + 1));
  if (bind(abstract, any(&to), to_size) != 0) return 3;
  four_threads("abstract");
  to.sun_path[1] = 'x';
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  say("nobody there", connect(fd, any(&to), to_size));
  return 0;
}
