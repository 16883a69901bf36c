/* The caller's sockaddr, iovec and msghdr stay as they were. argv: port */
#include "hazard.h"
#include <sys/mman.h>
int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const struct sockaddr_in to = v4("127.0.0.1", argv[1]);
  struct { struct sockaddr_in address; struct iovec part; struct msghdr message; } *call, before;
  call = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  call->address = to;
  call->part = (struct iovec){.iov_base = (void*)"abcd", .iov_len = 4};
  call->message = (struct msghdr){
      .msg_name = &call->address, .msg_namelen = sizeof to, .msg_iov = &call->part, .msg_iovlen = 1};
  memcpy(&before, call, sizeof before);
  mprotect(call, 4096, PROT_READ);
  say("connect", connect(socket(AF_INET, SOCK_STREAM, 0), any(&call->address), sizeof to));
  say("sendto", sendto(socket(AF_INET, SOCK_STREAM, 0), "abcd", 4, MSG_FASTOPEN, any(&call->address), sizeof to));
  say("sendmsg", sendmsg(socket(AF_INET, SOCK_STREAM, 0), &call->message, MSG_FASTOPEN));
  printf("same %d\n", memcmp(&before, call, sizeof before) == 0);
  return 0;
}
