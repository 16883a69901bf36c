#include "preload/run/seccomp_probe.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <string>

#include "tests/run/supervised_child.h"

namespace hivemind::run {
namespace {
// What the probe says in a process that a sandbox forbids one system call; EINVAL is a kernel's that does not know it.
std::string why_without(long number, int error) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    sock_filter program[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<std::uint32_t>(number)},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    const sock_fprog filter{4, program};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
    const auto why = why_no_supervision();
    ::_exit(::write(writing.get(), why.data(), why.size()) >= 0 ? 0 : 1);
  }
  writing.reset();
  std::string why;
  char bytes[512];
  for (ssize_t n = 0; (n = ::read(reading.get(), bytes, sizeof bytes)) > 0;)
    why.append(bytes, static_cast<std::size_t>(n));
  ::waitpid(pid, nullptr, 0);
  return why;
}

TEST(SeccompProbe, NamesWhatIsMissing) {
  SKIP_WITHOUT_SUPERVISION();
  const struct {
    long number;
    int error;
    const char* says;
  } cases[] = {
      {SYS_seccomp, EPERM, "a sandbox forbids it"},
      {SYS_seccomp, EINVAL, "it needs Linux 5.19 or newer"},
      {SYS_seccomp, ENOSYS, "this kernel has no seccomp"},
      {SYS_process_vm_readv, EPERM, "a sandbox keeps us from reading the memory of our own child"},
      {SYS_pidfd_open, ENOSYS, "a sandbox keeps us from sharing a socket of our own child"},
      {SYS_pidfd_getfd, EPERM, "a sandbox keeps us from sharing a socket of our own child"},
      {SYS_accept4, EPERM, ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.number);
    const auto why = why_without(c.number, c.error);
    EXPECT_EQ(why.substr(0, std::string(c.says).size()), c.says) << why;
    EXPECT_EQ(why.empty(), std::string(c.says).empty()) << why;
  }
}

TEST(SeccompProbe, SaysThatSomebodySupervisesAlready) {
  SKIP_WITHOUT_SUPERVISION();
  SupervisedChild child([] { return why_no_supervision().starts_with("somebody already supervises") ? 0 : 1; });
  EXPECT_EQ(child.status(), 0);
}
}  // namespace
}  // namespace hivemind::run
