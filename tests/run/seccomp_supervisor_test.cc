#include "preload/run/seccomp_supervisor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <thread>

#include "tests/run/supervised_child.h"

namespace hivemind::run {
namespace {
struct Listening {
  UniqueFd socket;
  sockaddr_in address{AF_INET, 0, {}, {}};
  Listening(in_addr_t where, int backlog) : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address.sin_addr.s_addr = htonl(where);
    socklen_t size = sizeof address;
    ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(socket.get(), backlog);
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  }
  std::uint16_t port() const { return ntohs(address.sin_port); }
};

int connect_to(const sockaddr_in& to, int more = 0) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | more, 0);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
}

struct SeccompSupervisor : testing::Test {
  void SetUp() override {
    SKIP_WITHOUT_SUPERVISION();
    table->policy.port_count = 1;
    table->policy.ports[0] = server.port();
  }
  std::unique_ptr<hm_table> table = std::make_unique<hm_table>();
  Listening server{INADDR_LOOPBACK, 16};
  InHand in_hand;
};

TEST_F(SeccompSupervisor, RedirectsAndTellsWhose) {
  const Listening run(INADDR_ANY, 16);
  table->listener_port = run.port();
  SupervisedChild child([&] { return connect_to(server.address); });
  auto supervisor = std::make_unique<Supervisor>(child.listener(), in_hand, *table, run.socket.get());
  const int pid = child.pid();
  sockaddr_in reached{};
  socklen_t size = sizeof reached;
  pollfd ready{run.socket.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&ready, 1, 10'000), 1);
  const UniqueFd accepted(::accept(run.socket.get(), nullptr, nullptr));
  ASSERT_EQ(::getsockname(accepted.get(), reinterpret_cast<sockaddr*>(&reached), &size), 0);
  const auto token = ntohl(reached.sin_addr.s_addr);
  EXPECT_EQ(child.status(), 0);
  supervisor.reset();
  ASSERT_TRUE(hm_is_token(token));
  const auto& slot = table->slots[hm_token_slot(token)];
  EXPECT_EQ(hm_token(hm_token_slot(token), slot.state), token);
  EXPECT_EQ(slot.pid, pid);
  EXPECT_EQ(slot.port, server.port());
  EXPECT_EQ(slot.flags, HM_BY_SECCOMP | HM_LOCAL_SERVER);
  ASSERT_LT(slot.process, HM_PROCESS_COUNT);
  const auto& process = table->processes[slot.process];
  EXPECT_EQ(process.pid, pid);
  EXPECT_STREQ(process.comm, "run_test");
  EXPECT_EQ(process.captured, 1u);
  EXPECT_EQ(process.tiers, HM_SUPERVISED);
}

TEST_F(SeccompSupervisor, LetsGoWhatIsNotCaptured) {
  const Listening run(INADDR_ANY, 16), other(INADDR_LOOPBACK, 16);
  table->listener_port = run.port();
  SupervisedChild child([&] { return connect_to(other.address); });
  const Supervisor supervisor(child.listener(), in_hand, *table, run.socket.get());
  EXPECT_EQ(child.status(), 0);
  EXPECT_GE(UniqueFd(::accept4(other.socket.get(), nullptr, nullptr, SOCK_NONBLOCK)).get(), 0);
}

TEST_F(SeccompSupervisor, ConnectsThatWaitKeepNobodyElseWaiting) {
  Listening run(INADDR_ANY, 1);  // nobody accepts: from the third on they wait
  table->listener_port = run.port();
  SupervisedChild child([&] {
    ::alarm(10);
    for (int i = 0; i < 6; ++i) std::thread([&] { connect_to(server.address); }).detach();
    for (int i = 0; i < 50; ++i)
      if (const int error = connect_to(server.address, SOCK_NONBLOCK); error != 0 && error != EINPROGRESS) return error;
    return 0;
  });
  const Supervisor supervisor(child.listener(), in_hand, *table, run.socket.get());
  EXPECT_EQ(child.status(), 0);
  run.socket.reset();  // lets go of the connects that still wait
}
}  // namespace
}  // namespace hivemind::run
