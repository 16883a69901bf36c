// The hand-over: who is served, who is refused and told why, and when a run ends.
#include "control/handover_listener.h"

#include <gtest/gtest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "tests/net/local_client.h"
#include "tests/net/table_file.h"
#include "tests/net/temporary_directory.h"

namespace hivemind {
namespace {

constexpr std::uint64_t run = 0xABCDEF;

struct FakeHost : RunHost {
  std::map<std::uint64_t, HandedRun> runs;
  std::vector<std::uint64_t> ended;
  std::string refusal;
  bool throws = false;

  std::optional<std::string> begin(HandedRun handed) override {
    if (throws) throw std::runtime_error("boom");
    if (!refusal.empty()) return refusal;
    const auto id = handed.hello.run_id;
    if (runs.contains(id)) return "begun twice";
    runs.emplace(id, std::move(handed));
    return std::nullopt;
  }
  hm_summary summary(std::uint64_t id) override {
    hm_summary summary{};
    summary.requests = id;
    summary.tokens_spent = 99;
    return summary;
  }
  void end(std::uint64_t id) override {
    EXPECT_EQ(runs.erase(id), 1u) << "ended once, and only what was begun";
    ended.push_back(id);
  }
};

class HandoverListenerTest : public testing::Test {
protected:
  HandoverListenerTest() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_.get(), 1), 0);
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    file_.table().listener_port = ntohs(address.sin_port);
  }

  static hm_hello hello(std::uint64_t id = run) {
    hm_hello hello{};
    hello.message = {HM_HELLO, HM_HANDOVER_VERSION};
    hello.run_id = id;
    hello.pid = ::getpid();
    hello.priority = HM_PRIORITY_NORMAL;
    hello.weight_milli = 1000;
    hello.token_budget = hello.deadline_ms = HM_NONE;
    std::strcpy(hello.name, "agent");
    return hello;
  }
  LocalClient connect() { return LocalClient(path_, SOCK_SEQPACKET); }
  void send(LocalClient& client, const hm_hello& hello) {
    client.send(&hello, sizeof hello, std::array{socket_.get(), file_.fd().get()});
  }
  template <class Message>
  Message answer(LocalClient& client, hm_message_type type) {
    Message message{};
    const auto bytes = client.receive(loop_);
    EXPECT_EQ(bytes.size(), sizeof message);
    std::memcpy(&message, bytes.data(), std::min(bytes.size(), sizeof message));
    EXPECT_EQ(message.message.type, static_cast<std::uint32_t>(type));
    EXPECT_EQ(message.message.version, HM_HANDOVER_VERSION);
    return message;
  }
  // The reason, after which the connection is closed.
  std::string refusal(LocalClient& client) {
    const std::string reason = answer<hm_refused>(client, HM_REFUSED).reason;
    EXPECT_EQ(client.receive(loop_), "");
    return reason;
  }

  TemporaryDirectory here_;
  std::filesystem::path path_ = here_.path() / "run.sock";
  FakeHost host_;
  boost::asio::io_context loop_;
  TableFile file_{run};
  UniqueFd socket_;
  HandoverListener listener_{loop_.get_executor(), path_, "/state/ca/roots.pem", host_};
};

TEST_F(HandoverListenerTest, RunsAreToldOfTheConfiguration) {
  auto before = connect();
  send(before, hello());
  EXPECT_EQ(answer<hm_ack>(before, HM_ACK).config, 0u);
  listener_.tell_config("/nowhere/./hivemind.toml");
  auto after = connect();
  send(after, hello());
  EXPECT_EQ(answer<hm_ack>(after, HM_ACK).config, hm_path_hash("/nowhere/hivemind.toml"));
}

TEST_F(HandoverListenerTest, ARunIsServedUntilItsConnectionCloses) {
  auto client = connect();
  send(client, hello());
  const auto ack = answer<hm_ack>(client, HM_ACK);
  EXPECT_EQ(ack.daemon_pid, ::getpid());
  EXPECT_STREQ(ack.root_bundle, "/state/ca/roots.pem");
  ASSERT_TRUE(host_.runs.contains(run));
  auto& handed = host_.runs.at(run);
  EXPECT_STREQ(handed.hello.name, "agent");
  EXPECT_TRUE(handed.listener);
  EXPECT_NE(handed.listener.get(), socket_.get()) << "a descriptor of its own";
  EXPECT_EQ(handed.table.write_policy(std::vector<std::uint16_t>{443}, {}), 0u);
  EXPECT_EQ(file_.table().policy.port_count, 1u) << "the very table";
  for (int i = 0; i < 2; ++i) {
    const hm_summary_request request{{HM_SUMMARY_REQUEST, HM_HANDOVER_VERSION}};
    client.send(&request, sizeof request);
    const auto summary = answer<hm_summary>(client, HM_SUMMARY);
    EXPECT_EQ(summary.requests, run);
    EXPECT_EQ(summary.tokens_spent, 99u);
  }
  EXPECT_TRUE(host_.ended.empty());
  client.close();
  EXPECT_TRUE(run_until(loop_, [&] { return host_.ended == std::vector{run}; }));
}

TEST_F(HandoverListenerTest, TheSocketIsPrivateAndGoesWithTheListener) {
  struct stat found {};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600u);
  listener_.stop();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(HandoverListenerTest, ASocketThatADeadDaemonLeftIsReplaced) {
  const auto path = here_.path() / "left.sock";
  { const UniqueFd left(::open(path.c_str(), O_CREAT | O_WRONLY, 0600)); }
  HandoverListener listener(loop_.get_executor(), path, "/r", host_);
  LocalClient client(path, SOCK_SEQPACKET);
  send(client, hello());
  answer<hm_ack>(client, HM_ACK);
}

TEST_F(HandoverListenerTest, TheSameRunHandedOverAgainReplacesTheFirst) {
  auto first = connect();
  send(first, hello());
  answer<hm_ack>(first, HM_ACK);
  auto second = connect();
  send(second, hello());
  answer<hm_ack>(second, HM_ACK);
  EXPECT_EQ(host_.ended, std::vector{run});
  EXPECT_EQ(first.receive(loop_), "") << "closed";
  first.close();
  const hm_summary_request request{{HM_SUMMARY_REQUEST, HM_HANDOVER_VERSION}};
  second.send(&request, sizeof request);
  answer<hm_summary>(second, HM_SUMMARY);
  EXPECT_TRUE(host_.runs.contains(run)) << "the end of the first connection is not the end of the run";
}

TEST_F(HandoverListenerTest, WrongHellosAreRefusedWithTheReason) {
  const struct {
    const char* name;
    void (*harm)(hm_hello&);
    const char* says;
  } cases[] = {
      {"type", [](hm_hello& h) { h.message.type = HM_SUMMARY; }, "no hello"},
      {"version", [](hm_hello& h) { h.message.version = 2; }, "version 2 and the daemon version 1"},
      {"run", [](hm_hello& h) { h.run_id = 0; }, "out of range"},
      {"its own parent", [](hm_hello& h) { h.parent_run_id = run; }, "out of range"},
      {"priority", [](hm_hello& h) { h.priority = 4; }, "out of range"},
      {"weight 0", [](hm_hello& h) { h.weight_milli = 0; }, "out of range"},
      {"weight", [](hm_hello& h) { h.weight_milli = 1000001; }, "out of range"},
      {"fail closed", [](hm_hello& h) { h.fail_closed = 2; }, "out of range"},
      {"budget", [](hm_hello& h) { h.token_budget = -2; }, "out of range"},
      {"deadline", [](hm_hello& h) { h.deadline_ms = -2; }, "out of range"},
      {"name", [](hm_hello& h) { std::memset(h.name, 'n', sizeof h.name); }, "does not end"},
      {"command", [](hm_hello& h) { std::memset(h.command, 'n', sizeof h.command); }, "does not end"},
      {"another run's table", [](hm_hello& h) { h.run_id = run + 1; }, "token table"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    auto client = connect();
    auto wrong = hello();
    c.harm(wrong);
    send(client, wrong);
    const auto reason = refusal(client);
    EXPECT_NE(reason.find(c.says), reason.npos) << reason;
  }
  EXPECT_TRUE(host_.runs.empty());
  EXPECT_TRUE(host_.ended.empty());
}

TEST_F(HandoverListenerTest, WrongSizesAndDescriptorsAreRefused) {
  const auto good = hello();
  const int table = file_.fd().get();
  const UniqueFd unbound(::socket(AF_INET, SOCK_STREAM, 0)), udp(::socket(AF_INET, SOCK_DGRAM, 0)),
      local(::socket(AF_UNIX, SOCK_STREAM, 0));
  std::array<char, 600> large{};
  std::memcpy(large.data(), &good, sizeof good);
  const struct {
    const char* name;
    const void* bytes;
    std::size_t size;
    std::vector<int> descriptors;
    const char* says;
  } cases[] = {
      {"short", &good, sizeof good - 1, {socket_.get(), table}, "wrong size"},
      {"long", large.data(), sizeof good + 1, {socket_.get(), table}, "wrong size"},
      {"longer than any", large.data(), large.size(), {socket_.get(), table}, "wrong size"},
      {"no header", &good, 7, {socket_.get(), table}, "no hello"},
      {"none", &good, sizeof good, {}, "needs a listener and a token table"},
      {"one", &good, sizeof good, {socket_.get()}, "needs a listener"},
      {"three", &good, sizeof good, {socket_.get(), table, table}, "needs a listener"},
      {"more than fit", &good, sizeof good, std::vector<int>(12, table), "wrong size"},
      {"not listening", &good, sizeof good, {unbound.get(), table}, "no listening TCP socket"},
      {"UDP", &good, sizeof good, {udp.get(), table}, "no listening TCP socket"},
      {"Unix", &good, sizeof good, {local.get(), table}, "no listening TCP socket"},
      {"swapped", &good, sizeof good, {table, socket_.get()}, "no listening TCP socket"},
      {"no table", &good, sizeof good, {socket_.get(), socket_.get()}, "the token table cannot be used"},
  };
  const auto open_descriptors = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  const auto before = open_descriptors();
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    auto client = connect();
    client.send(c.bytes, c.size, c.descriptors);
    const auto reason = refusal(client);
    EXPECT_NE(reason.find(c.says), reason.npos) << reason;
  }
  EXPECT_TRUE(run_until(loop_, [&] { return open_descriptors() == before; })) << "received descriptors are closed";
  ++file_.table().listener_port;
  auto client = connect();
  send(client, good);
  EXPECT_NE(refusal(client).find("of another listener"), std::string::npos);
  EXPECT_TRUE(host_.runs.empty());
}

TEST_F(HandoverListenerTest, WhatTheHostRefusesIsPassedOn) {
  host_.refusal = "draining";
  auto client = connect();
  send(client, hello());
  EXPECT_EQ(refusal(client), "draining");
  host_.throws = true;
  auto other = connect();
  send(other, hello());
  EXPECT_EQ(refusal(other), "the daemon failed: boom");
  host_.throws = false;
  host_.refusal = std::string(1000, 'x');
  auto third = connect();
  send(third, hello());
  EXPECT_EQ(refusal(third), std::string(sizeof hm_refused::reason - 1, 'x'));
  EXPECT_TRUE(host_.ended.empty());
}

TEST_F(HandoverListenerTest, AnUnexpectedMessageEndsTheRun) {
  auto client = connect();
  send(client, hello());
  answer<hm_ack>(client, HM_ACK);
  send(client, hello());
  EXPECT_EQ(client.receive(loop_), "");
  EXPECT_EQ(host_.ended, std::vector{run});
}

TEST_F(HandoverListenerTest, CloseAllTellsEveryRunThatItIsOnPurpose) {
  auto client = connect();
  send(client, hello());
  answer<hm_ack>(client, HM_ACK);
  auto silent = connect();
  loop_.poll();  // accepted
  listener_.stop();
  listener_.close_all("a test ends");
  EXPECT_STREQ(answer<hm_refused>(client, HM_REFUSED).reason, "a test ends");
  EXPECT_EQ(client.receive(loop_), "");
  answer<hm_refused>(silent, HM_REFUSED);
  EXPECT_EQ(silent.receive(loop_), "");
  loop_.restart();
  loop_.run_for(std::chrono::seconds(5));
  EXPECT_TRUE(loop_.stopped()) << "nothing keeps the loop";
  EXPECT_EQ(host_.ended, std::vector{run});
}

TEST_F(HandoverListenerTest, OtherUsersGetNoAnswer) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to be another user";
  std::filesystem::permissions(here_.path(), std::filesystem::perms(0777));
  std::filesystem::permissions(path_, std::filesystem::perms(0666));
  // SO_PEERCRED is of the moment of connect().
  ASSERT_EQ(::seteuid(65534), 0);
  auto client = connect();
  ASSERT_EQ(::seteuid(0), 0);
  send(client, hello());
  EXPECT_EQ(client.receive(loop_), "");
  EXPECT_TRUE(host_.runs.empty());
}
}  // namespace
}  // namespace hivemind
