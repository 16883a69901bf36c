/* vfork children connect and exec; the parent's memory stays as it was. argv: port, program (connect_once) */
#include "hazard.h"
#include <spawn.h>
#include <sys/wait.h>
extern char** environ;
static int status_of(pid_t child) {
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}
static long mapped_kib(void) { /* VmSize */
  char text[4096] = {0};
  FILE* file = fopen("/proc/self/status", "r");
  const size_t n = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);
  if (file != NULL) fclose(file);
  const char* size = n > 0 ? strstr(text, "VmSize:") : NULL;
  return size == NULL ? -1 : atol(size + 7);
}
/* Starts programs with ordinary environments by vfork, with a large one by posix_spawn: neither may cost memory. */
static long grown_kib(char* const* arguments) {
  static char lines[5000][16];
  static char* large[5001];
  static char* const nothing[] = {NULL};
  for (int i = 0; i < 5000; ++i) snprintf(large[i] = lines[i], sizeof lines[i], "VARIABLE_%d=", i);
  long before = 0;
  for (int i = 0; i < 20; ++i) {
    if (i == 2) before = mapped_kib();
    pid_t child = vfork();
    if (child == 0) {
      execve(arguments[0], arguments, nothing);
      _exit(9);
    }
    status_of(child);
    if (posix_spawn(&child, arguments[0], NULL, NULL, arguments, large) == 0) status_of(child);
  }
  return mapped_kib() - before;
}
int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  char* const arguments[] = {argv[2], argv[1], NULL};
  char* const nothing[] = {NULL};
  const volatile long canary[4] = {1, 2, 3, 4};
  pid_t child = vfork();
  if (child == 0) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    _exit(connect(fd, any(&to), sizeof to) == 0 && peer_is(fd, &to, sizeof to) ? 0 : 1);
  }
  printf("connect %d\n", status_of(child));
  child = vfork();
  if (child == 0) {
    execve(argv[2], arguments, nothing);
    _exit(9);
  }
  printf("execve %d\n", status_of(child));
  child = vfork();
  if (child == 0) {
    execv("/nonexistent", arguments);
    _exit(errno == ENOENT ? 0 : 1);
  }
  printf("failed execv %d\n", status_of(child));
  printf("spawn %d", posix_spawn(&child, argv[2], NULL, NULL, arguments, environ));
  printf(" %d\n", status_of(child));
  errno = 77;
  printf("spawn of nothing %d", posix_spawn(&child, "/nonexistent", NULL, NULL, arguments, nothing));
  printf(" errno %d\n", errno);
  printf("canary %d\n", canary[0] == 1 && canary[1] == 2 && canary[2] == 3 && canary[3] == 4);
  char* const cheap[] = {(char*)"/bin/true", NULL};
  printf("memory grown %ld\n", grown_kib(cheap));
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  printf("parent connects %d", connect(fd, any(&to), sizeof to));
  printf(" %d\n", echoes(fd));
  return 0;
}
