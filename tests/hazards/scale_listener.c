/* The other end of scale_client: accepts on a run's listener in place of the daemon, looks each token up, and tells the
 * client whether it stands for where the client meant to go. argv: listening descriptor, table; ends with its stdin. */
#include "hazard.h"
#include "hivemind/token_table.h"
#include <fcntl.h>
#include <sys/mman.h>
static long accepted, strangers, wrong;
static void serve(struct hm_table* table, int fd) {
  struct sockaddr_in name;
  socklen_t size = sizeof name;
  if (getsockname(fd, (struct sockaddr*)&name, &size) != 0) return;
  const uint32_t token = ntohl(name.sin_addr.s_addr), index = hm_token_slot(token);
  struct hm_slot* const slot = &table->slots[index];
  uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
  if (!hm_is_token(token) || (state & HM_STATE_MASK) != HM_LIVE || hm_token(index, state) != token) {
    ++strangers;
    return;
  }
  const uint32_t taken = (state & ~HM_STATE_MASK) | HM_ACCEPTED;
  __atomic_store_n(&slot->state, taken, __ATOMIC_RELEASE);
  const unsigned short to = slot->port;
  unsigned short meant = 0;
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  if (poll(&wait, 1, 20000) == 1 && recv(fd, &meant, 2, MSG_WAITALL) == 2) {
    wrong += to != meant;
    send(fd, to == meant ? "y" : "n", 1, MSG_NOSIGNAL);
    recv(fd, &meant, 1, 0); /* its end: it has asked for its peer by then */
  }
  __atomic_store_n(&slot->state, (taken & ~HM_STATE_MASK) | HM_FREE, __ATOMIC_RELEASE);
  ++accepted;
}
int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int listener = atoi(argv[1]), file = open(argv[2], O_RDWR);
  struct hm_table* const table = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (table == MAP_FAILED) return 3;
  fcntl(listener, F_SETFL, O_NONBLOCK);
  for (;;) {
    struct pollfd wait[2] = {{.fd = listener, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    poll(wait, 2, -1);
    if (wait[0].revents == 0) break;
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) continue;
    serve(table, fd);
    close(fd);
  }
  printf("accepted %ld strangers %ld wrong %ld\n", accepted, strangers, wrong);
  return 0;
}
