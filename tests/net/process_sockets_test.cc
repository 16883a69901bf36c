#include "net/process_sockets.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "net/unique_fd.h"

namespace hivemind {
namespace {
std::uint32_t inode_of(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  return static_cast<std::uint32_t>(status.st_ino);
}

TEST(ProcessSockets, OneselfAndAGrandchild) {
  const UniqueFd own(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(process_with_socket(::getpid(), inode_of(own.get())), ::getpid());
  EXPECT_EQ(process_with_socket(::getpid(), 1), 0);

  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::fork() == 0) {
      ::close(own.get());
      const int theirs = ::socket(AF_INET, SOCK_STREAM, 0);
      const std::uint32_t said[2] = {static_cast<std::uint32_t>(::getpid()), inode_of(theirs)};
      if (::write(told[1], said, sizeof said) != sizeof said) ::_exit(1);
      ::pause();
    }
    ::pause();
  }
  std::uint32_t said[2] = {};
  ASSERT_EQ(::read(told[0], said, sizeof said), static_cast<ssize_t>(sizeof said));
  EXPECT_EQ(process_with_socket(::getpid(), said[1]), static_cast<std::int32_t>(said[0]));
  EXPECT_EQ(process_with_socket(static_cast<std::int32_t>(said[0]), inode_of(own.get())), 0) << "not a descendant";
  ::kill(static_cast<pid_t>(said[0]), SIGKILL);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(told[0]);
  ::close(told[1]);
}
}  // namespace
}  // namespace hivemind
