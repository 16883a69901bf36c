#include "preload/run/daemon_start.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>

#include "hivemind/ebpf.h"
#include "hivemind/environment.h"
#include "preload/run/cgroup.h"
#include "hivemind/tap_ring.h"
#include "preload/run/descriptors.h"
#include "preload/run/run_table.h"

namespace hivemind::run {
namespace {
constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t lock_patience = 15'000 * ms;
constexpr std::uint64_t ready_patience = 10'000 * ms;

// In the new process: nothing of the caller's reaches the daemon but its environment.
[[noreturn]] void become_daemon(int ready, const std::string& cgroup, char* const* arguments,
                                char* const* environment) {
  ::setsid();
  move_to_cgroup(cgroup);
  if (::fork() != 0) ::_exit(0);  // so that it is nobody's child here and can get no terminal
  const int null = ::open("/dev/null", O_RDWR);
  ready = ::fcntl(ready, F_DUPFD, 10);
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  ::dup2(ready, 3);
  close_from(4);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(077);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;  // it serves all runs, not only the one that started it
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  if (::chdir("/") == 0) ::execve(arguments[0], arguments, environment);
  const std::string line = "error: cannot start " + std::string(arguments[0]) + ": " + std::strerror(errno) + "\n";
  if (::write(3, line.data(), line.size()) < 0) ::_exit(126);
  ::_exit(127);
}

// The daemon's one line, without its end; what it said before it ended or time was up.
std::string read_line(int fd, std::uint64_t deadline) {
  std::string line;
  while (line.find('\n') == line.npos && line.size() < 2048) {
    const auto now = monotonic_ns();
    pollfd ready{fd, POLLIN, 0};
    if (now >= deadline || (::poll(&ready, 1, static_cast<int>((deadline - now) / ms) + 1) < 0 && errno != EINTR))
      return line;
    char bytes[512];
    const auto n = ready.revents != 0 ? ::read(fd, bytes, sizeof bytes) : -1;
    if (n == 0) return line + "\n";
    if (n > 0) line.append(bytes, static_cast<std::size_t>(n));
  }
  return line;
}

Result<bool> start_daemon(const DaemonCommand& command, ProcessEnvironment environment) {
  if (::access(command.program.c_str(), X_OK) != 0)
    return Problem{"the daemon cannot be started: " + failed_to("run " + command.program).sentence};
  // It serves all runs: of the one that it is started from, it is no part.
  const std::string cgroup = outside_of_runs(environment.get_or(HM_ENV_CGROUP, ""));
  for (const char* ours : {"LD_PRELOAD", HM_ENV_TABLE, HM_ENV_RUN, HM_ENV_PRELOAD, HM_ENV_CGROUP, HM_ENV_TAP})
    environment.unset(ours);
  environment.set(HM_ENV_DISABLE, "1");  // started inside a run, the exec hook would make the daemon capture itself
  environment.set(HM_ENV_RUNTIME_DIR, command.runtime_directory);
  environment.set(HM_ENV_STATE_DIR, command.state_directory);
  std::vector<std::string> words{command.program, "--ready-fd", "3"};
  if (!command.config.empty()) words.insert(words.end(), {"--config", command.config});
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const auto block = environment.pointers();

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed_to("make a pipe");
  const UniqueFd ready(ends[0]);
  UniqueFd said(ends[1]);
  const pid_t first = ::fork();
  if (first < 0) return failed_to("start a process");
  if (first == 0) become_daemon(said.get(), cgroup, arguments.data(), block.data());
  said.reset();
  while (::waitpid(first, nullptr, 0) < 0 && errno == EINTR) {
  }
  std::string line = read_line(ready.get(), monotonic_ns() + ready_patience);
  const auto end = line.find('\n');
  if (end == line.npos)
    return Problem{"the daemon was not ready within 10 s; its log is " + command.state_directory + "/" HM_LOG_FILE};
  line.resize(end);
  if (line == "ready") return true;
  if (line.starts_with("error: ")) return Problem{"the daemon did not start: " + line.substr(7)};
  return Problem{"the daemon ended before it was ready; its log is " + command.state_directory + "/" HM_LOG_FILE};
}

void sleep_ms(long milliseconds) {
  const timespec pause{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  ::nanosleep(&pause, nullptr);
}
}  // namespace

Result<UniqueFd> reach_daemon(const DaemonCommand& command, const ProcessEnvironment& environment) {
  const auto there = [&](Result<UniqueFd>& result) {
    auto socket = connect_daemon(command.runtime_directory);
    if (socket && !*socket) return false;
    result = socket ? Result<UniqueFd>(std::move(**socket)) : Result<UniqueFd>(Problem{socket.problem()});
    return true;
  };
  Result<UniqueFd> result{UniqueFd()};
  if (there(result)) return result;
  const std::string path = command.runtime_directory + "/" HM_START_LOCK;
  const UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return failed_to("open " + path);
  const auto deadline = monotonic_ns() + lock_patience;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return failed_to("lock " + path);
    if (monotonic_ns() > deadline) return Problem{"another hivemind-run has been starting the daemon for 15 s"};
    sleep_ms(10);
    if (there(result)) return result;
  }
  if (there(result)) return result;
  const auto started = start_daemon(command, environment);
  if (there(result)) return result;  // also when ours found another one running already
  if (!started) return Problem{started.problem()};
  return Problem{"the daemon said it was ready and ended"};
}
}  // namespace hivemind::run
