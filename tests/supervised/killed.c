/* Processes and threads that end while they connect: killed, and swept away by an exec. Whoever connects afterwards
 * gets through. argv: port [generation] */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "hazard.h"

static struct sockaddr_in to;

static void* connect_for_ever(void* unused) {
  for (;;) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct linger at_once = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if (connect(fd, any(&to), sizeof to) != 0) {
      perror("connect");
      _exit(1);
    }
    close(fd);
  }
  return unused;
}

static int kill_some(int many) {
  int failed = 0;
  for (int i = 0; i < many; ++i) {
    const pid_t child = fork();
    if (child == 0) connect_for_ever(NULL);
    usleep((useconds_t)(i * 7919 % 5000));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    failed += !WIFSIGNALED(status);
  }
  return failed;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  to = v4("127.0.0.1", argv[1]);
  const int generation = argc > 2 ? atoi(argv[2]) : 0;
  if (generation < 20) {
    if (generation == 0) {
      printf("ended otherwise than killed: %d\n", kill_some(60));
      fflush(stdout);
    }
    pthread_t thread;
    for (int i = 0; i < 4; ++i) pthread_create(&thread, NULL, connect_for_ever, NULL);
    usleep((useconds_t)(1000 + generation * 611 % 3000));
    char next[16];
    snprintf(next, sizeof next, "%d", generation + 1);
    execl("/proc/self/exe", argv[0], argv[1], next, (char*)NULL);
    return 3;
  }
  for (int i = 0; i < 20; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (say("connect", connect(fd, any(&to), sizeof to)) || !echoes(fd)) return 4;
    close(fd);
  }
  return 0;
}
