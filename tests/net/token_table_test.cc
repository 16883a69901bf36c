// The token table as the daemon sees it: only live tokens are accepted, only our own slots freed.
#include "net/token_table.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "tests/net/table_file.h"

namespace hivemind {
namespace {

constexpr std::uint64_t run = 42;

class TokenTableTest : public testing::Test {
protected:
  // What preload does: a live slot, and its token.
  std::uint32_t claim(std::uint32_t index, std::uint32_t generation, const char* name = "api.anthropic.com") {
    hm_slot& slot = file_.table().slots[index];
    slot.state = generation << HM_STATE_SHIFT | HM_LIVE;
    slot.pid = 77;
    slot.port = 443;
    slot.family = AF_INET;
    slot.flags = HM_HINT_LLM;
    const std::uint8_t address[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1};
    std::memcpy(slot.address, address, sizeof address);
    std::memcpy(slot.name, name, std::min(sizeof slot.name, std::strlen(name) + 1));
    return hm_token(index, slot.state);
  }
  TokenTable map() { return std::move(TokenTable::map(file_.fd(), ::geteuid(), run).value()); }

  TableFile file_{run};
};

TEST_F(TokenTableTest, ALiveTokenIsAcceptedOnce) {
  auto table = map();
  const auto token = claim(5, 3);
  const auto original = table.accept(token);
  ASSERT_TRUE(original);
  EXPECT_EQ(original->name, "api.anthropic.com");
  EXPECT_EQ(original->port, 443);
  EXPECT_EQ(original->family, AF_INET);
  EXPECT_EQ(original->pid, 77);
  EXPECT_EQ(original->flags, HM_HINT_LLM);
  EXPECT_EQ(original->address[15], 1);
  EXPECT_EQ(original->slot, 5u);
  EXPECT_EQ(file_.table().slots[5].state & HM_STATE_MASK, HM_ACCEPTED);
  EXPECT_EQ(file_.table().slots[5].owner, static_cast<std::uint32_t>(::getpid()));
  EXPECT_FALSE(table.accept(token));
  table.release(5);
  EXPECT_EQ(file_.table().slots[5].state, 3u << HM_STATE_SHIFT | HM_FREE) << "the generation stays for the next claim";
  EXPECT_STREQ(file_.table().slots[5].name, "api.anthropic.com") << "getpeername still tells the truth";
}

TEST_F(TokenTableTest, OtherTokensAreNot) {
  auto table = map();
  const auto token = claim(5, 3);
  EXPECT_FALSE(table.accept(hm_token(5, 2u << HM_STATE_SHIFT))) << "an earlier generation";
  EXPECT_FALSE(table.accept(hm_token(6, 3u << HM_STATE_SHIFT))) << "a free slot";
  EXPECT_FALSE(table.accept(0x7F000001)) << "127.0.0.1";
  EXPECT_FALSE(table.accept(0xC0000201)) << "192.0.2.1";
  EXPECT_FALSE(TokenTable().accept(token)) << "no table";
  EXPECT_TRUE(table.accept(token));
}

TEST_F(TokenTableTest, TheLastSlotAndTheHighestGeneration) {
  auto table = map();
  EXPECT_TRUE(table.accept(claim(HM_SLOT_COUNT - 1, (1u << HM_GENERATION_BITS) - 1)));
  EXPECT_TRUE(table.accept(claim(0, 5u << HM_GENERATION_BITS | 7))) << "generations wrap in the token";
  table.release(HM_SLOT_COUNT);
}

TEST_F(TokenTableTest, ANameWithoutItsEndIsCut) {
  auto table = map();
  const std::string name(64, 'n');
  const auto original = table.accept(claim(1, 1, name.c_str()));
  ASSERT_TRUE(original);
  EXPECT_EQ(original->name, name);
}

TEST_F(TokenTableTest, OnlyOurOwnSlotsAreFreed) {
  auto table = map();
  ASSERT_TRUE(table.accept(claim(1, 1)));
  file_.table().slots[1].owner = 1;
  table.release(1);
  EXPECT_EQ(file_.table().slots[1].state & HM_STATE_MASK, HM_ACCEPTED);
  EXPECT_EQ(table.release_orphans(), 0u) << "its owner lives";
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ::waitpid(dead, nullptr, 0);
  file_.table().slots[1].owner = static_cast<std::uint32_t>(dead);
  EXPECT_EQ(table.release_orphans(), 1u);
  EXPECT_EQ(file_.table().slots[1].state & HM_STATE_MASK, HM_FREE);
  claim(2, 1);
  EXPECT_EQ(table.release_orphans(), 0u) << "what is live is not accepted yet";
}

TEST_F(TokenTableTest, PolicyIsWrittenWhole) {
  auto table = map();
  file_.table().policy.epoch = 7;  // left odd by a writer that died
  const std::vector<std::uint16_t> ports{443, 8080};
  const std::vector<std::string> hosts{"api.anthropic.com", "*.openai.azure.com"};
  EXPECT_EQ(table.write_policy(ports, hosts), 0u);
  const auto& policy = file_.table().policy;
  EXPECT_EQ(policy.epoch, 8u);
  ASSERT_EQ(policy.port_count, 2u);
  EXPECT_EQ(policy.ports[1], 8080);
  EXPECT_EQ(std::string(policy.hosts, policy.hosts_size), std::string("api.anthropic.com\0*.openai.azure.com\0", 37));
  table.write_policy(ports, std::vector<std::string>{"x"});
  EXPECT_EQ(policy.epoch, 10u);
  EXPECT_EQ(std::string(policy.hosts, policy.hosts_size), std::string("x\0", 2));
}

TEST_F(TokenTableTest, PolicyKeepsWithinItsBounds) {
  auto table = map();
  const std::vector<std::uint16_t> ports(20, 443);
  std::vector<std::string> hosts(100, std::string(99, 'h'));
  hosts.push_back("tiny");
  EXPECT_EQ(table.write_policy(ports, hosts), 81u)
      << "20 of 100 bytes fit into 2004, and nothing of 5 into what is left";
  EXPECT_EQ(file_.table().policy.port_count, HM_PORT_COUNT);
  EXPECT_EQ(file_.table().policy.hosts_size, 2000u);
  hosts.back() = "abc";
  EXPECT_EQ(table.write_policy(ports, hosts), 80u);
  EXPECT_EQ(file_.table().policy.hosts_size, 2004u);
  EXPECT_EQ(file_.table().environment[0], '\0') << "what follows is untouched";
}

TEST_F(TokenTableTest, WrongFilesAreRefused) {
  const auto refused = [&] { return !TokenTable::map(file_.fd(), ::geteuid(), run).has_value(); };
  EXPECT_FALSE(refused());
  EXPECT_FALSE(TokenTable::map(file_.fd(), ::geteuid(), run + 1).has_value()) << "another run's";
  EXPECT_FALSE(TokenTable::map(file_.fd(), ::geteuid() + 1, run).has_value()) << "another user's";
  EXPECT_FALSE(TokenTable::map(UniqueFd(), ::geteuid(), run).has_value());
  hm_table& t = file_.table();
  const struct {
    const char* name;
    std::uint32_t& field;
  } fields[] = {{"magic", t.magic},
                {"version", t.version},
                {"slots", t.slot_count},
                {"processes", t.process_count},
                {"uid", t.uid}};
  for (const auto& field : fields) {
    SCOPED_TRACE(field.name);
    ++field.field;
    EXPECT_TRUE(refused());
    --field.field;
  }
  ::fchmod(file_.fd().get(), 0644);
  EXPECT_TRUE(refused()) << "others could read it";
  ::fchmod(file_.fd().get(), 0600);
  EXPECT_FALSE(refused());
  ASSERT_EQ(::ftruncate(file_.fd().get(), sizeof(hm_table) + 1), 0);
  EXPECT_TRUE(refused()) << "too long";
  ASSERT_EQ(::ftruncate(file_.fd().get(), 4096), 0);
  EXPECT_TRUE(refused()) << "too short";
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const UniqueFd read_end(pipe[0]), write_end(pipe[1]);
  EXPECT_FALSE(TokenTable::map(read_end, ::geteuid(), run).has_value()) << "no file";
}
TEST_F(TokenTableTest, OnlyARunWithASecretIsAProxy) {
  auto table = map();
  EXPECT_EQ(table.proxy_authorization(), "");
  file_.table().proxy_secret[15] = 1;
  EXPECT_EQ(table.proxy_authorization(), "Basic aGl2ZW1pbmQ6MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDE=");
  EXPECT_EQ(TokenTable().proxy_authorization(), "");
  table.release(HM_SLOT_COUNT);  // what a connection without a token has for a slot
}

TEST_F(TokenTableTest, WhatAProcessAskedTheProxyForIsCounted) {
  auto table = map();
  auto& processes = file_.table().processes;
  table.count_proxied(77, "a name longer than the kernel's");
  table.count_proxied(77, "other");
  table.count_proxied(0, "nobody");
  EXPECT_EQ(processes[77].pid, 77);
  EXPECT_EQ(processes[77].captured, 2u);
  EXPECT_EQ(processes[77].tiers, HM_PROXIED);
  EXPECT_STREQ(processes[77].comm, "a name longer t");
  table.count_proxied(77 + HM_PROCESS_COUNT, "neighbour");
  EXPECT_EQ(processes[78].pid, 77 + static_cast<int>(HM_PROCESS_COUNT));
  for (int pid = 1; pid <= 3 * static_cast<int>(HM_PROCESS_COUNT); ++pid) table.count_proxied(pid, "many");
  EXPECT_EQ(processes[77].captured, 3u) << "a full table stays as it is";
}
}  // namespace
}  // namespace hivemind
