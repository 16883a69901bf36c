/* Hardens itself as some agents do - no LD_ variables, not dumpable, no core - and starts a child with what is left.
 * argv: program, argument */
#include "hazard.h"
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
extern char** environ;
int main(int argc, char** argv) {
  if (argc < 3) return 2;
  char** kept = environ;
  for (char** each = environ; *each != NULL; ++each) {
    if (strncmp(*each, "LD_", 3) != 0) *kept++ = *each;
  }
  *kept = NULL;
  prctl(PR_SET_DUMPABLE, 0);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  char* const arguments[] = {argv[1], argv[2], NULL};
  pid_t child;
  int status = -1;
  printf("spawn %d", posix_spawn(&child, argv[1], NULL, NULL, arguments, environ));
  waitpid(child, &status, 0);
  printf(" child %d\n", status);
  return 0;
}
