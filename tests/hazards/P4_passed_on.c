/* A connected socket goes to another process, by inheritance and by SCM_RIGHTS, and through an exec.
 * argv: port, then (as the child) how the socket comes and its number */
#include "hazard.h"
#include <sys/wait.h>
static int use(const char* what, int fd, const char* port) {
  const struct sockaddr_in to = v4("127.0.0.1", port);
  printf("%s: peer %d echoes %d\n", what, peer_is(fd, &to, sizeof to), echoes(fd));
  fflush(stdout);
  return 0;
}
static int receive(int channel) {
  char byte, control[CMSG_SPACE(sizeof(int))];
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(channel, &message, 0) != 1) return -1;
  int fd;
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  return fd;
}
static void pass(int channel, int fd) {
  char byte = 'f', control[CMSG_SPACE(sizeof(int))];
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(head), &fd, sizeof fd);
  say("passed on", sendmsg(channel, &message, 0));
}
static void run_child(char** argv, const char* how, int fd) {
  char number[16];
  snprintf(number, sizeof number, "%d", fd);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", argv[0], argv[1], how, number, (char*)NULL);
    _exit(9);
  }
  int status = -1;
  waitpid(child, &status, 0);
  printf("child %d\n", status);
}
int main(int argc, char** argv) {
  if (argc == 4 && strcmp(argv[2], "inherited") == 0) return use("inherited", atoi(argv[3]), argv[1]);
  if (argc == 4) return use("received", receive(atoi(argv[3])), argv[1]);
  if (argc != 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("connect", connect(fd, any(&to), sizeof to));
  run_child(argv, "inherited", fd);
  int channel[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, channel) != 0) return 3;
  pass(channel[0], fd);
  close(fd); /* the kernel keeps it, on its way */
  run_child(argv, "received", channel[1]);
  return 0;
}
