#include "preload/run/keeper.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "hivemind/environment.h"
#include "preload/run/process_status.h"

namespace hivemind::run {
namespace {
// Becomes readable when the process ends; before Linux 5.3 there is none, and we look again from time to time.
UniqueFd watch_process(int pid) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0u))); }

void detach() {
  ::setsid();
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = 0; fd < 3; ++fd) ::dup2(null.get(), fd);
  if (::chdir("/") != 0) return;
  ::prctl(PR_SET_NAME, "hivemind-keeper");
}

bool told_to_end(Signals& signals) {
  for (auto signal = signals.next(); signal.number != 0; signal = signals.next())
    if (signal.number == SIGTERM || signal.number == SIGINT || signal.number == SIGHUP || signal.number == SIGQUIT)
      return true;
  return false;
}
}  // namespace

std::vector<int> find_survivors(const RunTable& table, const Capture* capture, int agent_pid) {
  std::vector<int> suspects;
  for (const auto& process : table.processes())
    if (process.pid != agent_pid) suspects.push_back(process.pid);
  auto found = processes_with(HM_ENV_RUN "=" + run_name(table.run_id()), agent_pid, suspects);
  for (const int pid : capture ? capture->members() : std::vector<int>())
    if (is_alive(pid) && std::find(found.begin(), found.end(), pid) == found.end()) found.push_back(pid);
  return found;
}

bool leave_keeper(RunService& service, RunTable& table, std::unique_ptr<Capture>& capture, Signals& signals,
                  int agent_pid, std::vector<int> survivors) {
  if (const pid_t keeper = ::fork(); keeper != 0) return keeper > 0;
  detach();
  while (!survivors.empty()) {
    std::vector<UniqueFd> watched;
    watched.reserve(survivors.size());
    for (const int pid : survivors) watched.push_back(watch_process(pid));
    for (bool all_there = true; all_there;) {
      std::vector<pollfd> list{{signals.fd(), POLLIN, 0}};
      for (const auto& fd : watched) list.push_back({fd.get(), POLLIN, 0});
      service.watch(list);
      ::poll(list.data(), list.size(), service.timeout_ms());
      service.turn();
      if (told_to_end(signals)) {
        table.remove();
        ::_exit(0);
      }
      all_there = std::none_of(list.begin() + 1, list.begin() + 1 + static_cast<std::ptrdiff_t>(watched.size()),
                               [](const pollfd& one) { return one.fd < 0 || one.revents != 0; });
    }
    survivors = find_survivors(table, capture.get(), agent_pid);  // the one that ended may have left children
  }
  service.finish_relaying();
  table.remove();
  capture.reset();
  ::_exit(0);
}
}  // namespace hivemind::run
