#include "net/trust_memory.h"

#include <gtest/gtest.h>

namespace hivemind {
namespace {

TEST(TrustMemory, OneAlertIsARefusalAndIsSaidOnce) {
  TrustMemory memory;
  EXPECT_FALSE(memory.refuses("/bin/a"));
  EXPECT_TRUE(memory.rejected_handshake("/bin/a"));
  EXPECT_FALSE(memory.rejected_handshake("/bin/a"));
  EXPECT_TRUE(memory.refuses("/bin/a"));
  EXPECT_FALSE(memory.refuses("/bin/b"));
}

TEST(TrustMemory, ClosingWithoutARequestCountsOnTheThirdTime) {
  TrustMemory memory;
  EXPECT_FALSE(memory.closed_without_request("/bin/bun"));
  EXPECT_FALSE(memory.closed_without_request("/bin/bun"));
  EXPECT_TRUE(memory.closed_without_request("/bin/bun"));
  EXPECT_TRUE(memory.refuses("/bin/bun"));
}

TEST(TrustMemory, ACompletedRequestProvesTrustForGood) {
  TrustMemory memory;
  memory.completed_request("/bin/node");
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(memory.closed_without_request("/bin/node"));
  EXPECT_FALSE(memory.rejected_handshake("/bin/node"));
  EXPECT_FALSE(memory.refuses("/bin/node"));
}

TEST(TrustMemory, JavaIsNeverTried) {
  TrustMemory memory;
  EXPECT_TRUE(memory.refuses("/usr/lib/jvm/java-17-openjdk-amd64/bin/java"));
  EXPECT_FALSE(memory.refuses("/usr/bin/notjava"));
}

TEST(TrustMemory, AnUnknownProgramIsNotRemembered) {
  TrustMemory memory;
  EXPECT_FALSE(memory.rejected_handshake(""));
  EXPECT_FALSE(memory.refuses(""));
}
}  // namespace
}  // namespace hivemind
