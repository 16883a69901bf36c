/* Starts a program with an environment of the caller's making. argv: way, program, argument, NAME=VALUE... */
#include "hazard.h"
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
extern char** environ;
int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const char* way = argv[1];
  char* program = argv[2];
  char* const arguments[] = {program, argv[3], NULL};
  char** environment = argv + 4;
  pid_t child;
  int error = -1, status = -1;
  if (strcmp(way, "posix_spawn") == 0) error = posix_spawn(&child, program, NULL, NULL, arguments, environment);
  if (strcmp(way, "posix_spawnp") == 0) error = posix_spawnp(&child, program, NULL, NULL, arguments, environment);
  if (error == 0) return waitpid(child, &status, 0), WEXITSTATUS(status);
  if (strcmp(way, "execve") == 0) execve(program, arguments, environment);
  if (strcmp(way, "execve of null") == 0) execve(program, arguments, NULL);
  if (strcmp(way, "execvpe") == 0) execvpe(program, arguments, environment);
  if (strcmp(way, "execle") == 0) execle(program, program, argv[3], (char*)NULL, environment);
  if (strcmp(way, "fexecve") == 0) fexecve(open(program, O_RDONLY | O_CLOEXEC), arguments, environment);
  if (strcmp(way, "bad pointer") == 0) {
    execve(program, arguments, (char**)8);
    char* const bad[] = {(char*)8, NULL};
    if (errno != EFAULT) return 8;
    execve(program, arguments, bad);
    return errno == EFAULT ? 0 : 9;
  }
  environ = environment;
  if (strcmp(way, "execv") == 0) execv(program, arguments);
  if (strcmp(way, "execvp") == 0) execvp(program, arguments);
  if (strcmp(way, "execl") == 0) execl(program, program, argv[3], (char*)NULL);
  if (strcmp(way, "execlp") == 0) execlp(program, program, argv[3], (char*)NULL);
  perror(way);
  return 10;
}
