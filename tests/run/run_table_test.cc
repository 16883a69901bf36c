#include "preload/run/run_table.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/run/process_status.h"
#include "tests/run/temporary_folder.h"

namespace hivemind::run {
namespace {
struct RunTableTest : testing::Test {
  TemporaryFolder folder;
  RunTable table = std::move(*RunTable::create(folder.path(), 0xAB, 4242));
  hm_table& shared =
      *static_cast<hm_table*>(::mmap(nullptr, sizeof(hm_table), PROT_READ | PROT_WRITE, MAP_SHARED, table.fd(), 0));
  ~RunTableTest() override { ::munmap(&shared, sizeof shared); }

  void put(std::uint32_t index, hm_slot_state state, std::uint32_t generation = 3) {
    shared.slots[index].state = generation << HM_STATE_SHIFT | state;
  }
  std::uint32_t state(std::uint32_t index) { return shared.slots[index].state & HM_STATE_MASK; }
};

int dead_process() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  ::waitpid(pid, nullptr, 0);
  return pid;
}

TEST_F(RunTableTest, IsWholeAndOurs) {
  struct stat status {};
  ASSERT_EQ(::stat(table.path().c_str(), &status), 0);
  EXPECT_EQ(table.path(), folder.file("00000000000000ab.table"));
  EXPECT_EQ(status.st_size, static_cast<off_t>(sizeof(hm_table)));
  EXPECT_GE(status.st_blocks * 512, static_cast<off_t>(sizeof(hm_table)));
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  EXPECT_EQ(shared.magic, HM_TABLE_MAGIC);
  EXPECT_EQ(shared.policy.port_count, 0u);
  EXPECT_EQ(shared.listener_port, 4242);
  EXPECT_FALSE(RunTable::create(folder.path(), 0xAB, 1)) << "a run's file is never taken over";
  table.remove();
  EXPECT_NE(::stat(table.path().c_str(), &status), 0);
}

TEST_F(RunTableTest, AcceptsOnlyLiveTokens) {
  put(7, HM_LIVE);
  shared.slots[7].port = 443;
  const auto token = hm_token(7, shared.slots[7].state);
  EXPECT_FALSE(table.accept(0x7F000001));
  EXPECT_FALSE(table.accept(hm_token(7, 4u << HM_STATE_SHIFT))) << "another generation";
  EXPECT_FALSE(table.accept(hm_token(8, shared.slots[7].state))) << "another slot";
  const auto original = table.accept(token);
  ASSERT_TRUE(original);
  EXPECT_EQ(original->port, 443);
  EXPECT_EQ(state(7), HM_ACCEPTED);
  EXPECT_EQ(shared.slots[7].owner, static_cast<std::uint32_t>(::getpid()));
  EXPECT_FALSE(table.accept(token)) << "a token works once";
  table.release(7);
  EXPECT_EQ(state(7), HM_FREE);
  EXPECT_EQ(shared.slots[7].state >> HM_STATE_SHIFT, 3u) << "the generation stays";
}

TEST_F(RunTableTest, SweepFreesWhatTheDeadHeld) {
  const int dead = dead_process();
  put(0, HM_CLAIMED), shared.slots[0].pid = dead;
  put(1, HM_CLAIMED), shared.slots[1].pid = ::getpid();
  put(2, HM_LIVE), shared.slots[2].claimed_ns = 100;
  put(3, HM_LIVE), shared.slots[3].claimed_ns = 900;
  put(4, HM_ACCEPTED), shared.slots[4].owner = static_cast<std::uint32_t>(dead);
  put(5, HM_ACCEPTED), shared.slots[5].owner = static_cast<std::uint32_t>(::getpid());
  put(6, HM_ACCEPTED), shared.slots[6].owner = 0;  // accepted this moment
  EXPECT_EQ(table.waiting_since_before(500), 1u);
  table.sweep(1000, 500);
  const std::uint32_t want[] = {HM_FREE, HM_CLAIMED, HM_FREE, HM_LIVE, HM_FREE, HM_ACCEPTED, HM_ACCEPTED};
  for (std::uint32_t i = 0; i < 7; ++i) EXPECT_EQ(state(i), want[i]) << i;
  EXPECT_EQ(table.waiting_since_before(500), 0u);
}

TEST_F(RunTableTest, EnvironmentIsBounded) {
  EXPECT_EQ(table.write_environment({"A=1", std::string(3000, 'x'), "B=2"}), 1u);
  EXPECT_EQ(std::string(shared.environment, shared.environment_size), std::string("A=1\0B=2\0", 8));
}

TEST(ProcessStatus, TellsTheLivingFromTheDead) {
  EXPECT_TRUE(is_alive(::getpid()));
  EXPECT_FALSE(is_alive(dead_process()));
  EXPECT_TRUE(descends_from(::getpid(), ::getppid()));
  EXPECT_FALSE(descends_from(::getppid(), ::getpid()));
  const pid_t zombie = ::fork();
  if (zombie == 0) ::_exit(0);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(zombie), &info, WEXITED | WNOWAIT);
  EXPECT_FALSE(is_alive(zombie));
  ::waitpid(zombie, nullptr, 0);
}
}  // namespace
}  // namespace hivemind::run
