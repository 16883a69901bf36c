/* hazard.h - what the hazard programs share. Each is run twice, without and with the preload object, against the same
 * echo server, and must print the same; so nothing it prints depends on a port number or on time. */
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static inline struct sockaddr_in v4(const char* address, const char* port) {
  struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
  inet_pton(AF_INET, address, &result.sin_addr);
  return result;
}
static inline struct sockaddr_in6 v6(const char* address, const char* port) {
  struct sockaddr_in6 result = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)atoi(port))};
  inet_pton(AF_INET6, address, &result.sin6_addr);
  return result;
}
static inline const struct sockaddr* any(const void* address) { return (const struct sockaddr*)address; }

/* "what: result errno", errno only on failure. */
static inline int say(const char* what, long result) {
  const int error = errno;
  printf("%s: %ld %s\n", what, result, result < 0 ? strerror(error) : "");
  fflush(stdout);
  errno = error;
  return result < 0;
}

/* Sends eight bytes and wants them back. */
static inline int echoes(int fd) {
  char back[8] = {0};
  size_t got = 0;
  if (send(fd, "12345678", 8, MSG_NOSIGNAL) != 8) return 0;
  while (got < 8) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    const int ready = poll(&wait, 1, 10000);
    if (ready == -1 && errno == EINTR) continue;
    if (ready != 1) return 0;
    const ssize_t n = recv(fd, back + got, 8 - got, 0);
    if (n == -1 && errno == EINTR) continue;
    if (n <= 0) return 0;
    got += (size_t)n;
  }
  return memcmp(back, "12345678", 8) == 0;
}

/* SO_ERROR once the connect in progress has ended. */
static inline int connect_error(int fd) {
  struct pollfd wait = {.fd = fd, .events = POLLOUT};
  int error = -1;
  socklen_t size = sizeof error;
  if (poll(&wait, 1, 10000) != 1) return -1;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

/* Whether getpeername tells exactly `wanted`; not asked of a tier that cannot see to it. */
static inline int peer_is(int fd, const void* wanted, socklen_t size) {
#ifdef PEER_IS_NOT_TOLD
  (void)fd, (void)wanted, (void)size;
  return 1;
#endif
  struct sockaddr_storage peer;
  socklen_t peer_size = sizeof peer;
  memset(&peer, 0, sizeof peer);
  return getpeername(fd, (struct sockaddr*)&peer, &peer_size) == 0 && peer_size == size &&
         memcmp(&peer, wanted, size) == 0;
}
