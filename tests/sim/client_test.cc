#include "sim/client.h"

#include <gtest/gtest.h>

namespace hivemind::sim {
namespace {
constexpr ClientError too_many{.status = 429, .retry_after = Duration(7s), .should_retry = true};

TEST(Client, ThePapersAgentNeverRetries) {
  Rng rng(1);
  EXPECT_FALSE(client_retry(ClientKind::none, too_many, 0, rng));
}

TEST(Client, AnSdkHonoursRetryAfterTwice) {
  Rng rng(1);
  EXPECT_EQ(client_retry(ClientKind::sdk, too_many, 0, rng), Duration(7s));
  EXPECT_EQ(client_retry(ClientKind::sdk, too_many, 1, rng), Duration(7s));
  EXPECT_FALSE(client_retry(ClientKind::sdk, too_many, 2, rng));
  const auto backoff = client_retry(ClientKind::sdk, {.status = 502, .retry_after = {}}, 1, rng);
  ASSERT_TRUE(backoff);
  EXPECT_TRUE(*backoff >= 750ms && *backoff <= 1s);
}

TEST(Client, TenRetriesWithFullJitterIgnoreRetryAfter) {
  Rng rng(1);
  for (int retries = 0; retries < 10; ++retries) {
    const auto wait = client_retry(ClientKind::jitter, too_many, retries, rng);
    ASSERT_TRUE(wait);
    EXPECT_LE(*wait, std::min<Duration>(60s, 1s * (1 << retries)));
  }
  EXPECT_FALSE(client_retry(ClientKind::jitter, too_many, 10, rng));
}

TEST(Client, SomeErrorsAreFinal) {
  Rng rng(1);
  EXPECT_FALSE(client_retry(ClientKind::jitter, {.status = 400, .retry_after = {}}, 0, rng));
  EXPECT_FALSE(client_retry(ClientKind::sdk, {.status = 503, .retry_after = {}, .should_retry = false}, 0, rng));
  EXPECT_TRUE(client_retry(ClientKind::sdk, {.status = 0, .retry_after = {}}, 0, rng));  // the connection was lost
}
}  // namespace
}  // namespace hivemind::sim
