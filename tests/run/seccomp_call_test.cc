#include "preload/run/seccomp_call.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/run/seccomp_abi.h"

namespace hivemind::run {
namespace {
using namespace seccomp_abi;

std::uint64_t at(const void* address) { return reinterpret_cast<std::uint64_t>(address); }

// Our own memory stands for the other process's.
struct SeccompCall : testing::Test {
  sockaddr_in to{AF_INET, htons(443), {htonl(0x01020304)}, {}};
  Destination destination;
  const int tid = ::getpid();

  HeldCall call_of(std::uint32_t arch, long number, std::initializer_list<std::uint64_t> arguments) {
    seccomp_data data{};
    data.arch = arch;
    data.nr = static_cast<int>(number);
    std::copy(arguments.begin(), arguments.end(), data.args);
    return read_call(data).value();
  }
};

TEST_F(SeccompCall, ReadsAConnect) {
  auto call = call_of(native, SYS_connect, {7, at(&to), sizeof to});
  ASSERT_EQ(read_destination(tid, call, destination), Reading::read);
  EXPECT_EQ(call.fd, 7);
  EXPECT_EQ(destination.endpoint.port, 443);
  EXPECT_EQ(destination.endpoint.v4(), 0x01020304u);
}

TEST_F(SeccompCall, LeavesToTheKernelWhatItShallJudge) {
  to.sin_family = AF_UNIX;
  auto unix_address = call_of(native, SYS_connect, {7, at(&to), sizeof to});
  EXPECT_EQ(read_destination(tid, unix_address, destination), Reading::not_for_us);
  to.sin_family = AF_INET;
  auto too_short = call_of(native, SYS_connect, {7, at(&to), 15});
  EXPECT_EQ(read_destination(tid, too_short, destination), Reading::not_for_us);
  auto too_long = call_of(native, SYS_connect, {7, at(&to), 129});
  EXPECT_EQ(read_destination(tid, too_long, destination), Reading::not_for_us);
  auto nowhere = call_of(native, SYS_connect, {7, 16, sizeof to});
  EXPECT_EQ(read_destination(tid, nowhere, destination), Reading::not_for_us);
}

#ifdef MAP_32BIT
TEST_F(SeccompCall, ReadsTheArgumentsOfASocketcall) {
  // A 32-bit program's addresses are low.
  void* low = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  ASSERT_NE(low, MAP_FAILED);
  auto* words = static_cast<std::uint32_t*>(low);
  auto* address = reinterpret_cast<sockaddr_in*>(words + 16);
  *address = to;
  words[0] = 9, words[1] = static_cast<std::uint32_t>(at(address)), words[2] = sizeof to;
  auto call = call_of(narrow, narrow_socketcall, {socketcall_connect, at(words)});
  EXPECT_EQ(read_destination(tid, call, destination), Reading::read);
  EXPECT_EQ(call.fd, 9);
  EXPECT_EQ(destination.endpoint.port, 443);
  ::munmap(low, 4096);
}
#endif

TEST_F(SeccompCall, CollectsWhatAFastOpenSends) {
  char one[] = "abc", other[] = "de";
  iovec parts[] = {{one, 3}, {other, 2}};
  msghdr message{};
  message.msg_name = &to;
  message.msg_namelen = sizeof to;
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  auto call = call_of(native, SYS_sendmsg, {7, at(&message), MSG_FASTOPEN});
  ASSERT_EQ(read_destination(tid, call, destination), Reading::read);
  std::vector<char> bytes;
  ASSERT_TRUE(read_bytes(tid, destination, bytes));
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "abcde");

  auto whole = call_of(native, SYS_sendto, {7, at(one), 3, MSG_FASTOPEN, at(&to), sizeof to});
  Destination second;
  ASSERT_EQ(read_destination(tid, whole, second), Reading::read);
  ASSERT_TRUE(read_bytes(tid, second, bytes));
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "abc");
}

TEST_F(SeccompCall, DoesNotCollectWhatItCannotSendAsTheProgramWould) {
  char byte = 0;
  std::vector<char> bytes;
  auto much = call_of(native, SYS_sendto, {7, at(&byte), 1u << 20, MSG_FASTOPEN, at(&to), sizeof to});
  ASSERT_EQ(read_destination(tid, much, destination), Reading::read);
  EXPECT_FALSE(read_bytes(tid, destination, bytes));

  auto not_copied = call_of(native, SYS_sendto, {7, at(&byte), 1, MSG_FASTOPEN | MSG_ZEROCOPY, at(&to), sizeof to});
  ASSERT_EQ(read_destination(tid, not_copied, destination), Reading::read);
  EXPECT_FALSE(read_bytes(tid, destination, bytes));
}
}  // namespace
}  // namespace hivemind::run
