#include "preload/run/seccomp_in_hand.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>

#include "preload/run/seccomp_target.h"
#include "tests/run/supervised_child.h"

namespace hivemind::run {
namespace {
struct SeccompInHand : testing::Test {
  void SetUp() override {
    SKIP_WITHOUT_SUPERVISION();
    server.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(server.get(), any(), sizeof address), 0);
    ASSERT_EQ(::listen(server.get(), 8), 0);
    ASSERT_EQ(::getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  }
  const sockaddr* any() const { return reinterpret_cast<const sockaddr*>(&address); }

  // Ends with 0, or with what connect() said.
  std::function<int()> connect_elsewhere(int more = 0) {
    return [more] {
      const sockaddr_in to{AF_INET, htons(9), {htonl(INADDR_LOOPBACK)}, {}};  // only a supervisor gets it anywhere
      const int fd = ::socket(AF_INET, SOCK_STREAM | more, 0);
      return ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
    };
  }

  UniqueFd server;
  sockaddr_in address{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
  std::unique_ptr<hm_table> table = std::make_unique<hm_table>();
  Targets targets{*table};
  InHand in_hand;
};

TEST_F(SeccompInHand, CallThatNobodyHadBegunIsLetGo) {
  SupervisedChild child(connect_elsewhere());
  auto& call = in_hand.calls()[5];
  ASSERT_TRUE(child.next(call.held));
  ASSERT_EQ(in_hand.left_over(), std::vector<CallInHand*>{&call});
  finish_left_over(child.listener(), call, targets);
  EXPECT_TRUE(in_hand.left_over().empty());
  EXPECT_EQ(child.status(), ECONNREFUSED);
}

TEST_F(SeccompInHand, ConnectThatGotThroughIsNotMadeTwice) {
  for (const int more : {0, static_cast<int>(SOCK_NONBLOCK)}) {
    SCOPED_TRACE(more);
    SupervisedChild child(connect_elsewhere(more));
    auto& call = in_hand.calls()[0];
    ASSERT_TRUE(child.next(call.held));
    const auto socket = targets.share_descriptor(child.pid(), static_cast<int>(call.held.data.args[0]));
    ASSERT_TRUE(socket);
    ::connect(socket.get(), any(), sizeof address);
    std::memcpy(&call.to, &address, sizeof address);
    call.to_size = sizeof address;
    call.is_underway = 1;

    finish_left_over(child.listener(), call, targets);
    EXPECT_EQ(child.status(), 0);
    EXPECT_EQ(call.held.id, 0u);
    EXPECT_GE(UniqueFd(::accept(server.get(), nullptr, nullptr)).get(), 0);
  }
}

TEST_F(SeccompInHand, CallOfSomebodyWhoEndedIsPutDown) {
  auto child = std::make_unique<SupervisedChild>(connect_elsewhere());
  auto& call = in_hand.calls()[0];
  ASSERT_TRUE(child->next(call.held));
  call.is_underway = 1;
  ::kill(child->pid(), SIGKILL);
  EXPECT_EQ(child->status(), -1);
  finish_left_over(child->listener(), call, targets);
  EXPECT_EQ(call.held.id, 0u);
}
}  // namespace
}  // namespace hivemind::run
