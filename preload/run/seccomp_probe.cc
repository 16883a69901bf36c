#include "preload/run/seccomp_probe.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "preload/run/seccomp_filter.h"
#include "preload/run/seccomp_handover.h"
#include "preload/run/seccomp_notify.h"
#include "preload/run/seccomp_target.h"

namespace hivemind::run {
namespace {
constexpr int patience_ms = 2000;

// Asks for nothing that would leave this machine, and is answered before it asks.
[[noreturn]] void ask(ListenerHandover& handover) {
  if (!handover.give(install_filter())) ::_exit(1);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::_exit(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : 1);
}

std::string supervise(int notify, int pid) {
  pollfd ready{notify, POLLIN, 0};
  seccomp_notif held{};
  if (::poll(&ready, 1, patience_ms) != 1 || !receive_call(notify, held)) return "no system call reached us";
  sockaddr_in to{};
  if (!read_memory(static_cast<int>(held.pid), held.data.args[1], &to, sizeof to) || to.sin_family != AF_INET)
    return std::string("a sandbox keeps us from reading the memory of our own child: ") + std::strerror(errno);
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0u)));
  const UniqueFd socket(
      static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), static_cast<int>(held.data.args[0]), 0u)));
  if (!socket) return std::string("a sandbox keeps us from sharing a socket of our own child: ") + std::strerror(errno);
  return end_call(notify, held.id, 0) ? "" : "the kernel takes no answer to a held system call";
}
}  // namespace

std::string why_no_supervision() {
  ListenerHandover handover;
  if (!handover.open()) return std::string("no socket pair can be had: ") + std::strerror(errno);
  const pid_t pid = ::fork();
  if (pid < 0) return std::string("no process can be started: ") + std::strerror(errno);
  if (pid == 0) ask(handover);
  std::string why;
  {
    const auto handed = handover.take();  // closed in the end, so that the process goes on whatever we found
    if (!handed.listener) {
      why = why_no_filter(handed.error);
    } else {
      handover.say_it_is_watched();
      why = supervise(handed.listener.get(), pid);
    }
  }
  int status = 0;
  if (::waitpid(pid, &status, 0) == pid && why.empty() && status != 0) why = "an answer did not arrive";
  return why;
}
}  // namespace hivemind::run
