#include "ebpf/service.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <map>

#include "ebpf/cgroup.h"
#include "ebpf/packet.h"
#include "ebpf/privileges.h"
#include "ebpf/refusal.h"
#include "ebpf/session.h"

namespace hivemind::ebpf {
namespace {
// A session costs a process and some 700 KiB of kernel memory.
constexpr std::size_t most_sessions = 256;
constexpr std::ptrdiff_t most_sessions_of_one_user = 64;
constexpr int cgroup_levels = 8;

UniqueFd listen_at(const std::string& path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw Refusal("the path " + path + " is too long for a socket");
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  const UniqueFd other(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (::connect(other.get(), name, sizeof address) == 0) throw Refusal("another hivemind-ebpf listens at " + path);
  ::unlink(path.c_str());
  if (::bind(socket.get(), name, sizeof address) != 0) throw failed_to("listen at " + path);
  // Everybody may ask: a session captures only what its own user puts into it.
  if (::chmod(path.c_str(), 0666) != 0 || ::listen(socket.get(), 64) != 0) throw failed_to("listen at " + path);
  return socket;
}

UniqueFd signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

class Sessions {
public:
  void begin(UniqueFd socket, UniqueFd& listener) {
    const uid_t user = peer_of(socket.get()).uid;
    const auto same = std::count_if(users_.begin(), users_.end(), [&](const auto& one) { return one.second == user; });
    if (users_.size() >= most_sessions || same >= most_sessions_of_one_user)
      return answer(socket.get(), true, "the helper serves as many runs as it can");
    const pid_t pid = ::fork();
    if (pid < 0) return answer(socket.get(), true, failed_to("start a process").what());
    if (pid > 0) {
      users_.emplace(pid, user);
      return;
    }
    listener.reset();
    ::setsid();  // a signal for the service's group would end what runs rely on
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    serve_run(socket.get());
    ::_exit(0);
  }
  void reap() {
    for (pid_t pid = 0; (pid = ::waitpid(-1, nullptr, WNOHANG)) > 0;) users_.erase(pid);
  }

private:
  std::map<pid_t, uid_t> users_;
};
}  // namespace

void serve(const std::string& path) {
  require_privileges();
  remove_left_cgroups(cgroup_directory_of(1), cgroup_levels);
  UniqueFd listener = listen_at(path);
  const UniqueFd events = signals();
  Sessions sessions;
  for (;;) {
    pollfd list[] = {{listener.get(), POLLIN, 0}, {events.get(), POLLIN, 0}};
    if (::poll(list, 2, -1) < 0 && errno != EINTR) throw failed_to("wait");
    signalfd_siginfo event{};
    while (::read(events.get(), &event, sizeof event) == sizeof event) {
      if (event.ssi_signo == SIGCHLD) continue;
      ::unlink(path.c_str());  // sessions go on until their runs end
      return;
    }
    sessions.reap();
    if (list[0].revents == 0) continue;
    UniqueFd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket) sessions.begin(std::move(socket), listener);
  }
}
}  // namespace hivemind::ebpf
