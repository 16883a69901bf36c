#include "preload/names.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace hivemind {
namespace {
constexpr HostVerdict llm(uint32_t epoch) { return {HostKind::llm, epoch}; }
constexpr HostVerdict other(uint32_t epoch) { return {HostKind::other, epoch}; }

struct Address {
  explicit Address(uint32_t number) {
    for (unsigned i = 0; i < 4; ++i) bytes[12 + i] = static_cast<uint8_t>(number >> 8 * i);
  }
  uint8_t bytes[16] = {};
};

class Names : public testing::Test {
protected:
  std::unique_ptr<NameHints> hints_ = std::make_unique<NameHints>();
  std::string name_of(const Address& address) const {
    char name[64];
    hints_->llm_name(address.bytes, name);
    return name;
  }
};

TEST_F(Names, UnseenAddressIsUnknown) {
  EXPECT_EQ(hints_->kind(Address(1).bytes, 2), HostKind::unknown);
  EXPECT_EQ(name_of(Address(1)), "");
}

TEST_F(Names, TellsWhatAnAddressWasResolvedFrom) {
  hints_->record(Address(1).bytes, "api.openai.com", llm(2));
  hints_->record(Address(2).bytes, "github.com", other(2));
  EXPECT_EQ(hints_->kind(Address(1).bytes, 2), HostKind::llm);
  EXPECT_EQ(name_of(Address(1)), "api.openai.com");
  EXPECT_EQ(hints_->kind(Address(2).bytes, 2), HostKind::other);
  EXPECT_EQ(name_of(Address(2)), "");
}

TEST_F(Names, SharedAddressCountsAsLlm) {
  hints_->record(Address(1).bytes, "cdn.example.com", other(2));
  hints_->record(Address(1).bytes, "api.openai.com", llm(2));
  hints_->record(Address(1).bytes, "cdn.example.com", other(2));
  EXPECT_EQ(hints_->kind(Address(1).bytes, 2), HostKind::llm);
  EXPECT_EQ(name_of(Address(1)), "api.openai.com");
}

TEST_F(Names, OtherHoldsForItsPolicyOnly) {
  hints_->record(Address(1).bytes, "models.example.com", other(2));
  EXPECT_EQ(hints_->kind(Address(1).bytes, 4), HostKind::unknown) << "the new policy may name it";
  EXPECT_EQ(hints_->kind(Address(1).bytes, 3), HostKind::unknown) << "nobody knows while it is written";
  hints_->record(Address(1).bytes, "models.example.com", other(4));
  EXPECT_EQ(hints_->kind(Address(1).bytes, 4), HostKind::other);
}

TEST_F(Names, LlmOutlivesAPolicy) {
  hints_->record(Address(1).bytes, "api.openai.com", llm(2));
  hints_->record(Address(1).bytes, "github.com", other(4));
  EXPECT_EQ(hints_->kind(Address(1).bytes, 4), HostKind::llm);
}

TEST_F(Names, NameTooLongToKeepIsLeftOut) {
  hints_->record(Address(1).bytes, std::string(64, 'a').c_str(), llm(2));
  EXPECT_EQ(hints_->kind(Address(1).bytes, 2), HostKind::llm);
  EXPECT_EQ(name_of(Address(1)), "");
  hints_->record(Address(1).bytes, std::string(63, 'b').c_str(), llm(2));
  EXPECT_EQ(name_of(Address(1)), std::string(63, 'b'));
}

TEST_F(Names, FullTableForgetsNothingAndGuessesNothing) {
  constexpr uint32_t many = 20 * NameHints::capacity;
  std::vector<HostKind> first(many);
  for (uint32_t i = 0; i < many; ++i) {
    hints_->record(Address(i).bytes, "github.com", other(2));
    first[i] = hints_->kind(Address(i).bytes, 2);
  }
  uint32_t known = 0;
  for (uint32_t i = 0; i < many; ++i) {
    EXPECT_EQ(hints_->kind(Address(i).bytes, 2), first[i]);
    known += first[i] == HostKind::other;
  }
  EXPECT_GT(known, NameHints::capacity / 2);
  EXPECT_LE(known, NameHints::capacity);
}

TEST_F(Names, ThreadsAgree) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (uint32_t i = 0; i < 200; ++i) {
        const bool is_llm = i % 2 == 0 && t == 0;
        hints_->record(Address(i).bytes, is_llm ? "api.openai.com" : "github.com", is_llm ? llm(2) : other(2));
        const std::string name = name_of(Address(i));
        EXPECT_TRUE(name.empty() || name == "api.openai.com") << name;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (uint32_t i = 0; i < 200; ++i) {
    const HostKind kind = hints_->kind(Address(i).bytes, 2);
    EXPECT_NE(kind, i % 2 == 0 ? HostKind::other : HostKind::llm) << i;
  }
}
}  // namespace
}  // namespace hivemind
