/* Many connections of every kind from several threads; each tells where it meant to go and hears whether it got there.
 * argv: connections, threads, port... ; prints how many of each kind came through, and what went wrong. */
#include "hazard.h"
#include <pthread.h>
#include <sys/time.h>
enum { kinds = 8, most_ports = 8 };
static const char* const names[kinds] = {"v4",     "v4 non-blocking", "v6 dual",   "v6 dual non-blocking",
                                         "mapped", "v6 only",         "fast open", "fast open connect"};
static long connections, done[kinds], lost[kinds], wrong[kinds], next_one;
static int ports, thread_count;
static const char* port[most_ports];

/* 1: it came to where it should, 0: to somewhere else, -1: not at all. */
static int one(int kind, const char* to_port) {
  const struct sockaddr_in four = v4("127.0.0.1", to_port);
  const struct sockaddr_in6 six = v6(kind == 4 ? "::ffff:127.0.0.1" : "::1", to_port);
  const int is_six = kind >= 2 && kind <= 5, family = is_six ? AF_INET6 : AF_INET, only = kind == 5, on = 1;
  const void* to = is_six ? (const void*)&six : &four;
  const socklen_t size = is_six ? sizeof six : sizeof four;
  const int fd = socket(family, SOCK_STREAM | (kind == 1 || kind == 3 ? SOCK_NONBLOCK : 0), 0);
  const struct timeval patience = {.tv_sec = 20};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (is_six) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  if (kind == 7) setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on);
  const unsigned short meant = (unsigned short)atoi(to_port);
  int ok = 1;
  if (kind == 6) {
    ok = sendto(fd, &meant, 2, MSG_FASTOPEN | MSG_NOSIGNAL, any(to), size) == 2;
  } else {
    ok = connect(fd, any(to), size) == 0;
    if (!ok && errno == EINPROGRESS) ok = connect_error(fd) == 0;
    ok = ok && send(fd, &meant, 2, MSG_NOSIGNAL) == 2;
  }
  char answer = 0;
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  ok = ok && poll(&wait, 1, 20000) == 1 && recv(fd, &answer, 1, 0) == 1;
  if (ok && !peer_is(fd, to, size)) answer = 'n';
  close(fd);
  return !ok ? -1 : answer == 'y';
}
static void* run(void* unused) {
  (void)unused;
  for (long i; (i = __atomic_fetch_add(&next_one, 1, __ATOMIC_RELAXED)) < connections;) {
    const int kind = (int)(i % kinds), came = one(kind, port[i / kinds % ports]);
    __atomic_fetch_add(came == 1 ? &done[kind] : came == 0 ? &wrong[kind] : &lost[kind], 1, __ATOMIC_RELAXED);
  }
  return NULL;
}
int main(int argc, char** argv) {
  if (argc < 4 || argc > 3 + most_ports) return 2;
  connections = atol(argv[1]);
  thread_count = atoi(argv[2]);
  for (; ports < argc - 3; ++ports) port[ports] = argv[3 + ports];
  pthread_t threads[64];
  for (int i = 0; i < thread_count && i < 64; ++i) pthread_create(&threads[i], NULL, run, NULL);
  for (int i = 0; i < thread_count && i < 64; ++i) pthread_join(threads[i], NULL);
  for (int i = 0; i < kinds; ++i) printf("%s: %ld lost %ld wrong %ld\n", names[i], done[i], lost[i], wrong[i]);
  return 0;
}
