#include "preload/run/seccomp_target.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "hivemind/environment.h"
#include "preload/processes.h"
#include "preload/run/program_directory.h"

namespace hivemind::run {
namespace {
constexpr std::size_t most_remembered = 256;
// A program may become another by exec and keep its pid.
constexpr std::uint64_t looks_last_ns = 1'000'000'000;
constexpr unsigned pidfd_thread = O_EXCL;  // PIDFD_THREAD, Linux 6.9

std::string proc_path(int pid, const char* name) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  return path;
}

std::string read_start(const std::string& path, std::size_t most) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(most, '\0');
  std::size_t size = 0;
  while (file && size < most) {
    const auto n = ::read(file.get(), text.data() + size, most - size);
    if (n <= 0) break;
    size += static_cast<std::size_t>(n);
  }
  text.resize(size);
  return text;
}

int thread_group_of(int tid) {
  const auto status = read_start(proc_path(tid, "status"), 1024);
  const auto at = status.find("\nTgid:");
  return at == status.npos ? 0 : std::atoi(status.c_str() + at + 6);
}

bool is_same_file(const std::string& a, const std::string& b) {
  struct stat one {
  }, other{};
  return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

// The daemon, and hivemind-run itself, in a run of their own inside this one.
bool is_one_of_ours(int pid) {
  const auto program = proc_path(pid, "exe");
  const auto folder = program_directory();
  return is_same_file(program, folder + "/hivemind-run") || is_same_file(program, folder + "/hivemindd");
}

bool is_disabled(int pid) {
  const auto block = '\0' + read_start(proc_path(pid, "environ"), 262144);
  static const std::string assignment = std::string("\0", 1) + HM_ENV_DISABLE "=1" + '\0';
  return block.find(assignment) != block.npos;
}
}  // namespace

bool read_memory(int tid, std::uint64_t address, void* to, std::size_t size) {
  const iovec here{to, size};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the other process.
  const iovec there{reinterpret_cast<void*>(address), size};
  const auto n = ::process_vm_readv(tid, &here, 1, &there, 1, 0);
  if (n >= 0 && n < static_cast<ssize_t>(size)) errno = EFAULT;
  return n == static_cast<ssize_t>(size);
}

Targets::Targets(hm_table& table) : table_(table) {}

Targets::Thread* Targets::thread(int tid) {
  const auto known = threads_.find(tid);
  if (known != threads_.end()) {
    // Of another user: it is there, and may not be signalled.
    if (::syscall(SYS_tgkill, known->second.pid, tid, 0) == 0 || errno == EPERM) return &known->second;
    threads_.erase(known);
  }
  const int pid = thread_group_of(tid);
  if (pid <= 0) return nullptr;
  if (threads_.size() >= most_remembered) forget_ended();
  Thread& thread = threads_[tid];
  thread.pid = pid;
  return &thread;
}

std::optional<TargetProcess> Targets::find(int tid, std::uint64_t now_ns) {
  const Thread* const owner = thread(tid);
  if (owner == nullptr) return {};
  TargetProcess& process = processes_[owner->pid];
  process.pid = owner->pid;
  if (process.exempt || process.looked_at_ns == 0 || now_ns - process.looked_at_ns > looks_last_ns)
    look_at(process, now_ns);
  return process;
}

void Targets::look_at(TargetProcess& process, std::uint64_t now_ns) {
  process.looked_at_ns = now_ns;
  process.exempt = is_one_of_ours(process.pid) || is_disabled(process.pid);
  if (process.exempt) return;
  if (process.entry == HM_PROCESS_COUNT) process.entry = find_process(table_, process.pid, HM_PROCESS_COUNT).index;
  if (process.entry == HM_PROCESS_COUNT) return;
  hm_process& entry = table_.processes[process.entry];
  process.preloaded = (std::atomic_ref(entry.tiers).load(std::memory_order_relaxed) & HM_PRELOADED) != 0;
  if (!process.preloaded) std::atomic_ref(entry.tiers).fetch_or(HM_SUPERVISED, std::memory_order_relaxed);
  auto comm = read_start(proc_path(process.pid, "comm"), sizeof entry.comm);
  comm.resize(std::min(comm.find('\n'), sizeof entry.comm - 1));
  for (std::size_t i = 0; i <= comm.size(); ++i)
    std::atomic_ref(entry.comm[i]).store(comm.c_str()[i], std::memory_order_relaxed);
}

UniqueFd Targets::share_descriptor(int tid, int fd) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    Thread* const owner = thread(tid);
    if (owner == nullptr) break;
    if (!owner->pidfd) {
      // Threads may have descriptors of their own; where pidfds of threads are unknown the whole process stands for it.
      long pidfd = ::syscall(SYS_pidfd_open, tid, pidfd_thread);
      if (pidfd < 0) pidfd = ::syscall(SYS_pidfd_open, owner->pid, 0u);
      owner->pidfd.reset(static_cast<int>(pidfd));
    }
    UniqueFd shared(static_cast<int>(::syscall(SYS_pidfd_getfd, owner->pidfd.get(), fd, 0u)));
    if (shared || errno != ESRCH) return shared;
    threads_.erase(tid);  // the id has a new owner
  }
  errno = ESRCH;
  return UniqueFd();
}

void Targets::forget_ended() {
  std::erase_if(threads_, [](const auto& one) {
    return ::syscall(SYS_tgkill, one.second.pid, one.first, 0) != 0 && errno == ESRCH;
  });
  if (threads_.size() >= most_remembered) threads_.clear();
  std::erase_if(processes_, [](const auto& one) { return ::kill(one.first, 0) != 0 && errno == ESRCH; });
  if (processes_.size() >= most_remembered) processes_.clear();
}
}  // namespace hivemind::run
