#include "core/credential_hash.h"

#include "dialect_fixture.h"

namespace hivemind {
namespace {

std::string account(const std::string& fields, const std::string& line = "POST /", std::string_view salt = "salt") {
  return account_of(request_head(line, fields).head, salt);
}

TEST(CredentialHash, IsTheSameForTheSameKeyInAnyHeader) {
  const auto key = account("x-api-key: K1\r\n");
  EXPECT_EQ(key, "790f73ac3124c194");  // SHA-256 of "saltK1"
  EXPECT_EQ(account("Authorization: Bearer K1\r\n"), key);
  EXPECT_EQ(account("authorization: bearer K1\r\n"), key);
  EXPECT_EQ(account("api-key: K1\r\n"), key);
  EXPECT_EQ(account("x-goog-api-key: K1\r\n"), key);
  EXPECT_EQ(account("", "POST /a?alt=sse&key=K1&x=1"), key);
}

TEST(CredentialHash, DiffersByKeyAndSalt) {
  EXPECT_NE(account("x-api-key: K2\r\n"), account("x-api-key: K1\r\n"));
  EXPECT_NE(account("x-api-key: K1\r\n", "POST /", "other"), account("x-api-key: K1\r\n"));
  EXPECT_EQ(account(""), "");
  EXPECT_EQ(account("", "POST /a?monkey=K1&key="), "");
}

TEST(CredentialHash, FollowsALoginThroughItsTokens) {
  EXPECT_EQ(account("authorization: Bearer T1\r\nchatgpt-account-id: A\r\n"),
            account("authorization: Bearer T2\r\nchatgpt-account-id: A\r\n"));
}

}  // namespace
}  // namespace hivemind
