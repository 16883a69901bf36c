// The token table in the kernel: who comes from where, and what is no such table.
#include "net/kernel_table.h"

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "tests/net/table_file.h"

namespace hivemind {
namespace {

namespace ip = boost::asio::ip;
constexpr std::uint64_t run = 0xEB;

UniqueFd make_map() {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = 4;
  attributes.value_size = sizeof(hm_kernel_table);
  attributes.max_entries = 1;
  attributes.map_flags = BPF_F_MMAPABLE;
  return UniqueFd(static_cast<int>(::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes)));
}

ip::tcp::endpoint at(const char* address, std::uint16_t port) { return {ip::make_address(address), port}; }

class KernelTableTest : public testing::Test {
protected:
  void SetUp() override {
    map_ = make_map();
    if (!map_) GTEST_SKIP() << "needs CAP_BPF: " << std::strerror(errno);
    kernel_ = static_cast<hm_kernel_table*>(
        ::mmap(nullptr, sizeof *kernel_, PROT_READ | PROT_WRITE, MAP_SHARED, map_.get(), 0));
    ASSERT_NE(static_cast<void*>(kernel_), MAP_FAILED);
    kernel_->table.version = HM_TABLE_VERSION;
    kernel_->table.slot_count = HM_SLOT_COUNT;
    kernel_->table.process_count = HM_PROCESS_COUNT;
    kernel_->table.run_id = run;
    kernel_->table.uid = ::geteuid();
    kernel_->table.magic = HM_TABLE_MAGIC;
  }
  ~KernelTableTest() override {
    if (kernel_) ::munmap(kernel_, sizeof *kernel_);
  }

  // As the programs publish a connect from there. Returns its token.
  std::string publish(std::uint32_t index, const char* source, std::uint16_t port, std::uint16_t original_port,
                      std::uint64_t claimed_ns = 1) {
    hm_slot& slot = kernel_->table.slots[index];
    slot.state = 1u << HM_STATE_SHIFT | HM_LIVE;
    slot.port = original_port;
    slot.claimed_ns = claimed_ns;
    slot.process = HM_PROCESS_COUNT;
    auto address = ip::make_address(source);
    const auto bytes =
        (address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6()).to_bytes();
    std::memcpy(kernel_->sources[index].address, bytes.data(), bytes.size());
    kernel_->sources[index].port = port;
    return ip::make_address_v4(hm_token(index, slot.state)).to_string();
  }

  UniqueFd map_;
  hm_kernel_table* kernel_ = nullptr;
};

TEST_F(KernelTableTest, ATokenCountsOnlyForItsOwnConnection) {
  auto table = *KernelTable::map(map_, ::geteuid(), run);
  const auto token = publish(7, "127.0.0.1", 5000, 443);
  EXPECT_FALSE(table.accept(at(token.c_str(), 9), at("127.0.0.1", 5001))) << "another port";
  EXPECT_FALSE(table.accept(at(token.c_str(), 9), at("127.0.0.2", 5000))) << "another address";
  const auto original = table.accept(at(("::ffff:" + token).c_str(), 9), at("::ffff:127.0.0.1", 5000));
  ASSERT_TRUE(original);
  EXPECT_EQ(original->port, 443);
  EXPECT_TRUE(original->in_kernel);
  EXPECT_FALSE(table.accept(at(token.c_str(), 9), at("127.0.0.1", 5000))) << "a token works once";
  table.tokens().release(original->slot);
  EXPECT_EQ(kernel_->table.slots[7].state & HM_STATE_MASK, static_cast<std::uint32_t>(HM_FREE));
}

TEST_F(KernelTableTest, WhatReachedUsAtLoopbackIsFoundByItsSourceTheOldestFirst) {
  auto table = *KernelTable::map(map_, ::geteuid(), run);
  publish(3, "::1", 6000, 2, 200);
  publish(9, "::1", 6000, 1, 100);
  publish(4, "::1", 6001, 3);
  EXPECT_EQ(table.accept(at("::1", 9), at("::1", 6000))->port, 1);
  EXPECT_EQ(table.accept(at("::1", 9), at("::1", 6000))->port, 2);
  EXPECT_FALSE(table.accept(at("::1", 9), at("::1", 6000)));
  EXPECT_FALSE(table.accept(at("::1", 9), at("2001:db8::1", 6001)));
  EXPECT_EQ(table.accept(at("::1", 9), at("::1", 6001))->port, 3);
}

TEST_F(KernelTableTest, TakesNothingElseForATable) {
  const TableFile file(run);
  EXPECT_FALSE(KernelTable::map(file.fd(), ::geteuid(), run)) << "a file";
  EXPECT_FALSE(KernelTable::map(map_, ::geteuid(), run + 1)) << "of another run";
  EXPECT_FALSE(KernelTable::map(map_, ::geteuid() + 1, run)) << "of another user";
  kernel_->table.magic = 0;
  EXPECT_FALSE(KernelTable::map(map_, ::geteuid(), run)) << "not made yet";
}

TEST_F(KernelTableTest, TheDaemonIsExemptAndLlmAddressesAreFound) {
  auto table = *KernelTable::map(map_, ::geteuid(), run);
  EXPECT_EQ(kernel_->daemon_pid, ::getpid());
  for (int i = 0; i < 2; ++i) table.add_llm_address(ip::make_address("203.0.113.9"));
  std::uint32_t words[4];
  const auto bytes = ip::make_address_v6("::ffff:203.0.113.9").to_bytes();
  std::memcpy(words, bytes.data(), sizeof words);
  const auto* place = kernel_->llm_addresses[hm_llm_place(words[0], words[1], words[2], words[3])];
  EXPECT_EQ(std::memcmp(place, bytes.data(), bytes.size()), 0);
  std::size_t known = 0;
  for (const auto& address : kernel_->llm_addresses) known += address[10] == 0xff;
  EXPECT_EQ(known, 1u) << "once";
}
}  // namespace
}  // namespace hivemind
