/* Every way to move bytes: what comes back is what went, and a look is only a look. argv: port */
#include "hazard.h"
#include <fcntl.h>
#include <linux/errqueue.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
enum { size = 300000 };
static unsigned char out[size], back[size];
static unsigned hash(const unsigned char* bytes, size_t n) {
  unsigned h = 2166136261u;
  for (size_t i = 0; i < n; ++i) h = (h ^ bytes[i]) * 16777619u;
  return h;
}
static void wait_for(int fd, short what) {
  struct pollfd wait = {.fd = fd, .events = what};
  if (poll(&wait, 1, 20000) != 1) exit(printf("nothing came\n") > 0 ? 7 : 8);
}
/* The echo of `n` bytes, read in ways that take turns. */
static void read_back(int fd, size_t n) {
  for (size_t got = 0, turn = 0; got < n; ++turn) {
    wait_for(fd, POLLIN);
    struct iovec parts[2] = {{back + got, (n - got + 1) / 2}, {back + got + (n - got + 1) / 2, (n - got) / 2}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t r = 0;
    if (turn % 4 == 0) r = read(fd, back + got, n - got);
    if (turn % 4 == 1) r = readv(fd, parts, 2);
    if (turn % 4 == 2) r = recvmsg(fd, &message, 0);
    if (turn % 4 == 3) r = recv(fd, back + got, n - got, MSG_DONTWAIT);
    if (r < 0 && errno == EAGAIN) continue;
    if (r <= 0) exit(9);
    got += (size_t)r;
  }
}
static void tell(const char* way, int fd, size_t n) {
  memset(back, 0, sizeof back);
  read_back(fd, n);
  printf("%s: %d\n", way, hash(back, n) == hash(out, n));
}
/* Chunks that fit the buffers, so that the echo is not waited for while it waits for us. */
static void in_chunks(const char* way, int fd, ssize_t (*put)(int, const unsigned char*, size_t)) {
  for (size_t done = 0; done < size;) {
    const size_t n = size - done < 30000 ? size - done : 30000;
    size_t sent = 0;
    while (sent < n) {
      const ssize_t r = put(fd, out + done + sent, n - sent);
      if (r <= 0) exit(10);
      sent += (size_t)r;
    }
    read_back(fd, n);
    if (memcmp(back, out + done, n) != 0) exit(printf("%s: differs\n", way) > 0 ? 11 : 12);
    done += n;
  }
  printf("%s: %d\n", way, 1);
}
static ssize_t by_write(int fd, const unsigned char* p, size_t n) { return write(fd, p, n); }
static ssize_t by_send(int fd, const unsigned char* p, size_t n) {
  return send(fd, p, n, MSG_NOSIGNAL | MSG_MORE) + 0 * setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}
static ssize_t by_writev(int fd, const unsigned char* p, size_t n) {
  struct iovec parts[3] = {{(void*)p, n / 3}, {(void*)(p + n / 3), 0}, {(void*)(p + n / 3), n - n / 3}};
  return writev(fd, parts, 3);
}
static ssize_t by_sendmsg(int fd, const unsigned char* p, size_t n) {
  struct iovec part = {(void*)p, n};
  return sendmsg(fd, &(struct msghdr){.msg_iov = &part, .msg_iovlen = 1}, 0);
}
static ssize_t by_sendmmsg(int fd, const unsigned char* p, size_t n) {
  struct iovec parts[2] = {{(void*)p, n / 2}, {(void*)(p + n / 2), n - n / 2}};
  struct mmsghdr two[2] = {{.msg_hdr = {.msg_iov = parts, .msg_iovlen = 1}},
                           {.msg_hdr = {.msg_iov = parts + 1, .msg_iovlen = 1}}};
  const int r = sendmmsg(fd, two, 2, 0);
  return r <= 0 ? -1 : (ssize_t)two[0].msg_len + (r > 1 ? (ssize_t)two[1].msg_len : 0);
}
static ssize_t by_splice(int fd, const unsigned char* p, size_t n) {
  int pipes[2];
  if (pipe(pipes) != 0) return -1;
  const ssize_t into = write(pipes[1], p, n);
  const ssize_t r = into > 0 ? splice(pipes[0], NULL, fd, NULL, (size_t)into, 0) : -1;
  close(pipes[0]);
  close(pipes[1]);
  return r;
}
static ssize_t by_zerocopy(int fd, const unsigned char* p, size_t n) {
  const ssize_t r = send(fd, p, n, MSG_ZEROCOPY);
  char control[128];
  struct msghdr told = {.msg_control = control, .msg_controllen = sizeof control};
  struct pollfd wait = {.fd = fd, .events = 0};
  poll(&wait, 1, 20000);
  return recvmsg(fd, &told, MSG_ERRQUEUE) < 0 ? -1 : r;
}
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  for (size_t i = 0; i < size; ++i) out[i] = (unsigned char)(i * 7 + i / 251);
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("connect", connect(fd, any(&to), sizeof to));
  in_chunks("write", fd, by_write);
  in_chunks("send", fd, by_send);
  in_chunks("writev", fd, by_writev);
  in_chunks("sendmsg", fd, by_sendmsg);
  in_chunks("sendmmsg", fd, by_sendmmsg);
  in_chunks("splice", fd, by_splice);
  setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &(int){1}, sizeof(int));
  in_chunks("zero copy", fd, by_zerocopy);

  const int file = memfd_create("payload", 0);
  if (write(file, out, 30000) != 30000) return 3;
  off_t at = 0;
  printf("sendfile %zd\n", sendfile(fd, file, &at, 30000));
  tell("sendfile", fd, 30000);

  if (write(fd, out, 1000) != 1000) return 4;
  int readable = 0;
  do {
    wait_for(fd, POLLIN);
    ioctl(fd, FIONREAD, &readable);
  } while (readable < 1000);
  unsigned char seen[600];
  printf("peek %zd", recv(fd, seen, sizeof seen, MSG_PEEK));
  ioctl(fd, FIONREAD, &readable);
  printf(", %d still there, same %d\n", readable, memcmp(seen, out, sizeof seen) == 0);
  printf("waitall %zd\n", recv(fd, back, 1000, MSG_WAITALL));
  printf("same %d\n", memcmp(back, out, 1000) == 0);
  say("nothing more", recv(fd, back, 1, MSG_DONTWAIT));

  int into[2];
  if (pipe(into) != 0 || write(fd, out, 500) != 500) return 5;
  size_t moved = 0;
  while (moved < 500) {
    wait_for(fd, POLLIN);
    const ssize_t r = splice(fd, NULL, into[1], NULL, 500 - moved, 0);
    if (r <= 0) return 6;
    moved += (size_t)r;
  }
  printf("splice out %zd", read(into[0], back, 500));
  printf(" same %d\n", memcmp(back, out, 500) == 0);
  return 0;
}
