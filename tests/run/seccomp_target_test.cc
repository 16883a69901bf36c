#include "preload/run/seccomp_target.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>

namespace hivemind::run {
namespace {
constexpr int well_known = 100;  // a descriptor's number

// Lives until it is ended; has `file` open as `well_known`, then does `more`.
class Child {
public:
  explicit Child(
      const std::string& file, pid_t wanted = 0, const std::function<void()>& more = [] {}) {
    int ready[2];
    EXPECT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    if (wanted != 0) {
      arguments.set_tid = reinterpret_cast<std::uint64_t>(&wanted);
      arguments.set_tid_size = 1;
    }
    pid_ = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
    if (pid_ == 0) {
      const UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
      ::dup2(opened.get(), well_known);
      if (::write(ready[1], "", 1) == 1) more();
      while (true) ::pause();
    }
    ::close(ready[1]);
    char byte = 0;
    EXPECT_TRUE(pid_ < 0 || ::read(ready[0], &byte, 1) == 1);
    ::close(ready[0]);
  }
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }
  int pid() const { return pid_; }

private:
  pid_t pid_ = -1;
};

bool is_file(const UniqueFd& fd, const char* path) {
  struct stat one {
  }, other{};
  return ::fstat(fd.get(), &one) == 0 && ::stat(path, &other) == 0 && one.st_ino == other.st_ino &&
         one.st_dev == other.st_dev;
}

struct SeccompTarget : testing::Test {
  std::unique_ptr<hm_table> table = std::make_unique<hm_table>();
  Targets targets{*table};
};

TEST_F(SeccompTarget, ThreadBelongsToItsProcess) {
  std::thread([&] {
    const auto process = targets.find(static_cast<int>(::syscall(SYS_gettid)), 1);
    ASSERT_TRUE(process);
    EXPECT_EQ(process->pid, ::getpid());
    ASSERT_LT(process->entry, HM_PROCESS_COUNT);
    EXPECT_EQ(table->processes[process->entry].pid, ::getpid());
    EXPECT_EQ(table->processes[process->entry].tiers, HM_SUPERVISED);
  }).join();
  EXPECT_FALSE(targets.find(1 << 30, 1));
}

TEST_F(SeccompTarget, SharesTheVeryOpenFile) {
  const Child child("/etc/passwd");
  const auto shared = targets.share_descriptor(child.pid(), well_known);
  if (!shared && errno == EPERM) GTEST_SKIP() << "a sandbox keeps us from sharing descriptors";
  ASSERT_TRUE(is_file(shared, "/etc/passwd"));
  EXPECT_EQ(::lseek(shared.get(), 5, SEEK_SET), 5);
  EXPECT_EQ(::lseek(targets.share_descriptor(child.pid(), well_known).get(), 0, SEEK_CUR), 5);
  EXPECT_FALSE(targets.share_descriptor(child.pid(), well_known + 1));
  EXPECT_EQ(errno, EBADF);
}

TEST_F(SeccompTarget, ReusedIdNamesItsNewOwner) {
  Child first("/etc/passwd");
  const int pid = first.pid();
  const auto shared = targets.share_descriptor(pid, well_known);
  if (!shared && errno == EPERM) GTEST_SKIP() << "a sandbox keeps us from sharing descriptors";
  ASSERT_TRUE(is_file(shared, "/etc/passwd"));
  first.end();
  const Child second("/etc/hostname", pid);
  if (second.pid() != pid) GTEST_SKIP() << "choosing a process id takes CAP_CHECKPOINT_RESTORE";
  EXPECT_TRUE(is_file(targets.share_descriptor(pid, well_known), "/etc/hostname"));
}

TEST_F(SeccompTarget, ThreadMayHaveDescriptorsOfItsOwn) {
  std::thread([&] {
    const int tid = static_cast<int>(::syscall(SYS_gettid));
    const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, tid, O_EXCL)));
    if (!pidfd) GTEST_SKIP() << "pidfds of threads are known since Linux 6.9";
    ASSERT_EQ(::unshare(CLONE_FILES), 0);
    const UniqueFd opened(::open("/etc/hostname", O_RDONLY | O_CLOEXEC));
    const UniqueFd own(::dup2(opened.get(), well_known + 2));
    EXPECT_TRUE(is_file(targets.share_descriptor(tid, well_known + 2), "/etc/hostname"));
  }).join();
  EXPECT_FALSE(targets.share_descriptor(::getpid(), well_known + 2));
}

TEST_F(SeccompTarget, DisabledProgramIsExempt) {
  EXPECT_FALSE(targets.find(::getpid(), 1)->exempt);
  const Child child("/dev/null", 0, [] {
    const char* const arguments[] = {"sleep", "1000", nullptr};
    const char* const environment[] = {"A=B", "HIVEMIND_DISABLE=1", nullptr};
    ::execve("/bin/sleep", const_cast<char**>(arguments), const_cast<char**>(environment));
  });
  // Seen before its exec it is what we are; a second later it is looked at again.
  std::uint64_t now = 1;
  bool exempt = false;
  for (int i = 0; i < 1000 && !exempt; ++i, now += 2'000'000'000) {
    exempt = targets.find(child.pid(), now)->exempt;
    if (!exempt) ::usleep(10'000);
  }
  EXPECT_TRUE(exempt);
}

TEST_F(SeccompTarget, ReadsMemoryWholeOrNotAtAll) {
  const char text[] = "text";
  char copy[sizeof text] = {};
  EXPECT_TRUE(read_memory(::getpid(), reinterpret_cast<std::uint64_t>(text), copy, sizeof copy));
  EXPECT_STREQ(copy, text);
  EXPECT_FALSE(read_memory(::getpid(), 16, copy, sizeof copy));
  EXPECT_EQ(errno, EFAULT);
}
}  // namespace
}  // namespace hivemind::run
