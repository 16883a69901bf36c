// The BPF programs under load and at the edges, with the test in the daemon's place.
#include "preload/run/ebpf_capture.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <optional>
#include <thread>

#include "tests/run/kernel_capture.h"
#include "tests/run/many_connects.h"

namespace hivemind::run {
namespace {
// Accepts as daemon and relay do, and tells each client whether its token stands for where it went.
class Acceptor {
public:
  explicit Acceptor(KernelCapture& capture) : capture_(capture), thread_([this] { run(); }) {}
  ~Acceptor() { finish(); }
  void finish() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  std::atomic<std::uint32_t> strangers{0}, accepted{0};

private:
  void run() {
    while (!stop_) {
      pollfd ready{capture_.listener(), POLLIN, 0};
      if (::poll(&ready, 1, 20) <= 0) continue;
      sockaddr_in6 here{}, there{};
      socklen_t size = sizeof there;
      const UniqueFd fd(::accept4(capture_.listener(), reinterpret_cast<sockaddr*>(&there), &size, SOCK_CLOEXEC));
      if (!fd) continue;
      size = sizeof here;
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&here), &size);
      const std::uint32_t reached_at = IN6_IS_ADDR_V4MAPPED(&here.sin6_addr) ? ntohl(here.sin6_addr.s6_addr32[3]) : 0;
      auto& table = capture_.table();
      const auto original = table.accept(table.token_from(reached_at, there.sin6_addr.s6_addr, ntohs(there.sin6_port)));
      if (original) {
        serve(fd.get(), *original);
        table.release(original->slot);
      } else {
        ++strangers;
      }
    }
  }

  void serve(int fd, const Original& original) {
    std::uint32_t id = 0;
    std::uint8_t meant[16];
    pollfd ready{fd, POLLIN, 0};
    if (::poll(&ready, 1, 20'000) != 1 || ::recv(fd, &id, sizeof id, MSG_WAITALL) != sizeof id) return;
    destination_of(id, meant);
    const bool right = std::memcmp(meant, original.address, 16) == 0 && original.port == 443;
    if (::send(fd, right ? "y" : "n", 1, MSG_NOSIGNAL) == 1) ++accepted;
    ::recv(fd, &id, 1, 0);  // its end: it has asked for its peer by then
  }

  KernelCapture& capture_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

struct SharedOutcome {
  Outcome& value = *static_cast<Outcome*>(
      ::mmap(nullptr, sizeof(Outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ~SharedOutcome() { ::munmap(&value, sizeof value); }
};

class EbpfCaptureTest : public testing::Test {
protected:
  void SetUp() override {
    if (const auto why = KernelCapture::why_not(); !why.empty()) GTEST_SKIP() << why;
    kernel_ = std::make_unique<KernelCapture>();
  }
  std::unique_ptr<KernelCapture> kernel_;
};

sockaddr_in v4(const char* address, std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = ::inet_addr(address);
  return to;
}

int connect_to(const char* address, std::uint16_t port, int type = SOCK_STREAM) {
  const UniqueFd fd(::socket(AF_INET, type, 0));
  const auto to = v4(address, port);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
}

TEST_F(EbpfCaptureTest, LosesNoTokenAndKeepsNoSlot) {
  const std::uint32_t count = std::getenv("HIVEMIND_SOAK") ? 1'000'000 : 40'000;
  SharedOutcome outcome;
  std::optional<Acceptor> acceptor;
  const auto connecting = [&] {
    connect_many(outcome.value, count, 4);
    return 0;
  };
  ASSERT_EQ(kernel_->run(connecting, [&] { acceptor.emplace(*kernel_); }), 0);
  acceptor->finish();
  EXPECT_EQ(acceptor->strangers, 0u);
  EXPECT_EQ(acceptor->accepted, count);
  EXPECT_EQ(outcome.value.right, count);
  EXPECT_EQ(outcome.value.wrong, 0u);
  EXPECT_EQ(outcome.value.lost, 0u);
  EXPECT_EQ(outcome.value.wrong_peer, 0u);
  EXPECT_EQ(kernel_->slots_in(HM_FREE), HM_SLOT_COUNT);
  EXPECT_EQ(kernel_->counted(&hm_process::captured), count);
}

TEST_F(EbpfCaptureTest, CapturesWhatARingConnects) {
  for (const Kind kind : {Kind::v4, Kind::v6, Kind::v6_only, Kind::mapped}) {
    const auto id = 900'000u + static_cast<std::uint32_t>(kind) - 900'000u % kinds;
    std::optional<Acceptor> acceptor;
    const auto connecting = [&] {
      const UniqueFd fd(::socket(kind == Kind::v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0));
      const int result = connect_by_ring(fd.get(), id);
      if (result == -ENOSYS || result == -EPERM) return 77;
      char answer = 0;
      if (result != 0 || ::send(fd.get(), &id, sizeof id, 0) != sizeof id) return 1;
      return ::recv(fd.get(), &answer, 1, 0) == 1 && answer == 'y' ? 0 : 2;
    };
    const int got = kernel_->run(connecting, [&] { acceptor.emplace(*kernel_); });
    if (got == 77) GTEST_SKIP() << "no io_uring here";
    EXPECT_EQ(got, 0) << static_cast<int>(kind);
  }
}

TEST_F(EbpfCaptureTest, LeavesAloneWhatIsNotItsOwn) {
  EXPECT_EQ(kernel_->run([] { return connect_to("10.1.2.3", 80); }), ENETUNREACH) << "another port";
  EXPECT_EQ(kernel_->run([] { return connect_to("10.1.2.3", 443, SOCK_DGRAM); }), ENETUNREACH) << "UDP";
  EXPECT_EQ(kernel_->run([] { return connect_to("127.0.0.1", 443); }), ECONNREFUSED) << "nobody listens there";
  EXPECT_EQ(connect_to("10.1.2.3", 443), ENETUNREACH) << "outside of the cgroup";
  kernel_->kernel().reach = HM_REACH_IPV6;
  EXPECT_EQ(kernel_->run([] { return connect_to("10.1.2.3", 443); }), ENETUNREACH) << "no route";
  kernel_->kernel().reach = HM_REACH_IPV4;
  kernel_->set_port_count(0);
  EXPECT_EQ(kernel_->run([] { return connect_to("10.1.2.3", 443); }), ENETUNREACH) << "no policy yet";
  kernel_->set_port_count(1);
  kernel_->kernel().table.policy.epoch += 1;
  EXPECT_EQ(kernel_->run([] { return connect_to("10.1.2.3", 443); }), ENETUNREACH) << "the policy is being written";
  kernel_->kernel().table.policy.epoch += 1;
  EXPECT_EQ(kernel_->run([] { return connect_to("10.1.2.3", 443); }), 0) << "and now it is captured";
  EXPECT_EQ(kernel_->counted(&hm_process::captured), 1u);
  EXPECT_EQ(kernel_->counted(&hm_process::refused), 1u);
  EXPECT_EQ(kernel_->counted(&hm_process::by_port), 3u);
}

TEST_F(EbpfCaptureTest, ADaemonInsideIsNotCaptured) {
  EXPECT_EQ(kernel_->run([this] {
    kernel_->kernel().daemon_pid = ::getpid();
    return connect_to("10.1.2.3", 443);
  }),
            ENETUNREACH);
}

TEST_F(EbpfCaptureTest, AFullTableMeansDirect) {
  for (auto& slot : kernel_->kernel().table.slots) slot.state = HM_ACCEPTED;
  EXPECT_EQ(kernel_->run([] { return connect_to("10.1.2.3", 443); }), ENETUNREACH);
  EXPECT_EQ(kernel_->counted(&hm_process::full), 1u);
  // Few are free, in one stretch: found all the same.
  for (std::uint32_t i = 100; i < 170; ++i) kernel_->kernel().table.slots[i].state = HM_FREE;
  EXPECT_EQ(kernel_->run([] {
    int failed = 0;
    for (int i = 0; i < 50; ++i) failed += connect_to("10.1.2.3", 443) != 0;
    return failed;
  }),
            0);
}

TEST_F(EbpfCaptureTest, AFailedConnectGivesItsSlotBack) {
  EXPECT_EQ(kernel_->run([] {
    const UniqueFd fd(::socket(AF_INET6, SOCK_STREAM, 0));
    sockaddr_in6 bound{}, to{};
    bound.sin6_family = to.sin6_family = AF_INET6;
    bound.sin6_addr = in6addr_loopback;
    ::bind(fd.get(), reinterpret_cast<sockaddr*>(&bound), sizeof bound);
    // From ::1 nothing leads to an IPv4 address: the kernel refuses, each time.
    to.sin6_port = htons(443);
    to.sin6_addr.s6_addr32[2] = htonl(0xFFFF);
    to.sin6_addr.s6_addr32[3] = htonl(0x0A010203);
    for (int i = 0; i < 5; ++i)
      if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) return 1;
    return 0;
  }),
            0);
  EXPECT_EQ(kernel_->slots_in(HM_LIVE), 1u) << "of the last one, which only time tells";
}

TEST_F(EbpfCaptureTest, QuicToAnLlmHostIsRefused) {
  const auto address = ::inet_addr("127.0.0.7");
  const std::uint32_t words[4] = {0, 0, htonl(0xFFFF), address};
  std::memcpy(kernel_->kernel()
                  .llm_addresses[(hm_llm_place(words[0], words[1], words[2], words[3]) + 3) % HM_LLM_ADDRESS_COUNT],
              words, sizeof words);
  EXPECT_EQ(kernel_->run([] { return connect_to("127.0.0.7", 443, SOCK_DGRAM); }), EPERM);
  EXPECT_EQ(kernel_->run([] { return connect_to("127.0.0.7", 444, SOCK_DGRAM); }), 0);
  EXPECT_EQ(kernel_->run([] { return connect_to("127.0.0.8", 443, SOCK_DGRAM); }), 0);
  EXPECT_EQ(kernel_->run([] {
    const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM, 0));
    const auto llm = v4("127.0.0.7", 443), other = v4("127.0.0.8", 443);
    if (::sendto(fd.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&other), sizeof other) != 1) return 1;
    return ::sendto(fd.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&llm), sizeof llm) == 1 ? 2 : errno;
  }),
            EPERM);
}

TEST_F(EbpfCaptureTest, EndsWithItsHelper) {
  const std::string cgroup = kernel_->capture().mark().second;
  EXPECT_EQ(::access(cgroup.c_str(), F_OK), 0);
  kernel_->end();
  EXPECT_NE(::access(cgroup.c_str(), F_OK), 0);
}
}  // namespace
}  // namespace hivemind::run
