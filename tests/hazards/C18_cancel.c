/* A thread cancelled inside a connect that waits runs its clean-up. argv: a port where connects wait; else one of ours */
#include "hazard.h"
#include <pthread.h>
#include <stdatomic.h>
static struct sockaddr_in full;
static atomic_int cleaned, tid;
static void clean(void* nothing) { (void)nothing; cleaned = 1; }
static void* wait_for_ever(void* nothing) {
  (void)nothing;
  pthread_cleanup_push(clean, NULL);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  tid = gettid();
  connect(fd, any(&full), sizeof full);
  pthread_cleanup_pop(0);
  return NULL;
}
static int sleeps(int thread) { /* state S in /proc/self/task/TID/stat */
  char path[64], text[256] = {0};
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
  FILE* file = fopen(path, "r");
  if (file == NULL) return 0;
  const size_t n = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  const char* after = n > 0 ? strrchr(text, ')') : NULL;
  return after != NULL && after[2] == 'S';
}
int main(int argc, char** argv) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  socklen_t size = sizeof full;
  full = v4("127.0.0.1", "0");
  bind(listener, any(&full), size);
  listen(listener, 0);
  getsockname(listener, (struct sockaddr*)&full, &size);
  if (argc > 1) full = v4("127.0.0.1", argv[1]);
  for (int i = 0; argc == 1 && i < 8; ++i) connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), any(&full), size); /* full now */
  pthread_t thread;
  void* result = NULL;
  pthread_create(&thread, NULL, wait_for_ever, NULL);
  while (tid == 0 || !sleeps(tid)) usleep(1000);
  pthread_cancel(thread);
  pthread_join(thread, &result);
  printf("cancelled %d cleaned %d\n", result == PTHREAD_CANCELED, cleaned);
  return 0;
}
