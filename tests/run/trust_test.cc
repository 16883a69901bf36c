#include "preload/run/trust.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "tests/run/temporary_folder.h"

namespace hivemind::run {
namespace {
struct TrustTest : testing::Test {
  TemporaryFolder folder;
  std::string roots = folder.write("roots.pem", "OURS\n");
  std::string system = folder.write("system.pem", "SYSTEM\n");
  std::string corporate = folder.write("corporate.pem", "CORPORATE\n");
  ProcessEnvironment environment{nullptr};
  std::vector<std::string> remarks;

  TrustTest() { environment.set("HOME", folder.path()); }
  std::map<std::string, std::string> assignments(const std::string& system_bundle) {
    auto trust = make_trust(environment, BundleStore(folder.path(), roots), system_bundle);
    EXPECT_TRUE(trust);
    remarks = trust->remarks;
    return {trust->assignments.begin(), trust->assignments.end()};
  }
  static std::string text(const std::map<std::string, std::string>& all, const std::string& name) {
    const auto at = all.find(name);
    return at == all.end() ? "unset" : text_of(at->second);
  }
};

TEST_F(TrustTest, NothingSet) {
  const auto all = assignments(system);
  for (const char* name : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE",
                           "HTTPLIB2_CA_CERTS", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"})
    EXPECT_EQ(text(all, name), "SYSTEM\nOURS\n") << name;
  for (const char* name : {"NODE_EXTRA_CA_CERTS", "CODEX_CA_CERTIFICATE", "DENO_CERT"}) EXPECT_EQ(all.at(name), roots);
  EXPECT_EQ(all.count("NIX_SSL_CERT_FILE"), 0u);
  EXPECT_EQ(all.count("NODE_OPTIONS"), 0u);
  EXPECT_EQ(all.count("SSL_CERT_DIR"), 0u);
  EXPECT_EQ(all.at("CLAUDE_STREAM_FIRST_BYTE_TIMEOUT_MS"), "900000");
  EXPECT_EQ(all.at("API_TIMEOUT_MS"), "1200000");
}

TEST_F(TrustTest, WhatTheUserSetIsMerged) {
  environment.set("SSL_CERT_FILE", corporate);
  environment.set("NODE_EXTRA_CA_CERTS", corporate);
  environment.set("NIX_SSL_CERT_FILE", system);
  environment.set("API_TIMEOUT_MS", "5");
  const auto all = assignments(system);
  for (const char* name : {"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "CODEX_CA_CERTIFICATE"})
    EXPECT_EQ(text(all, name), "CORPORATE\nOURS\n") << name;
  EXPECT_EQ(text(all, "NIX_SSL_CERT_FILE"), "SYSTEM\nOURS\n");
  EXPECT_EQ(text(all, "REQUESTS_CA_BUNDLE"), "SYSTEM\nOURS\n") << "requests does not read SSL_CERT_FILE";
  EXPECT_EQ(all.count("API_TIMEOUT_MS"), 0u);
}

TEST_F(TrustTest, RunningTwiceChangesNothing) {
  const auto once = assignments(system);
  for (const auto& [name, value] : once) environment.set(name, value);
  auto twice = assignments(system);
  twice.insert({{"CLAUDE_STREAM_FIRST_BYTE_TIMEOUT_MS", "900000"}, {"API_TIMEOUT_MS", "1200000"}});
  EXPECT_EQ(twice, once);
}

TEST_F(TrustTest, WithoutSystemRootsOnlyAdditiveVariables) {
  const auto all = assignments("");
  EXPECT_EQ(all.count("SSL_CERT_FILE"), 0u);
  EXPECT_EQ(all.count("REQUESTS_CA_BUNDLE"), 0u);
  EXPECT_EQ(all.at("NODE_EXTRA_CA_CERTS"), roots);
}

TEST_F(TrustTest, WhatCannotBeReadIsLeftAlone) {
  environment.set("SSL_CERT_FILE", "/no/such.pem");
  environment.set("REQUESTS_CA_BUNDLE", folder.path());  // requests takes folders, too
  const auto all = assignments(system);
  EXPECT_EQ(all.count("SSL_CERT_FILE"), 0u);
  EXPECT_EQ(all.count("REQUESTS_CA_BUNDLE"), 0u);
  EXPECT_EQ(text(all, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"), "SYSTEM\nOURS\n");
  ASSERT_GE(remarks.size(), 2u);
  EXPECT_EQ(remarks[0].find("SSL_CERT_FILE stays as it is"), 0u) << remarks[0];
}

TEST_F(TrustTest, EmptySwitchesVerificationOffOnlyInRequestsAndCurl) {
  environment.set("CURL_CA_BUNDLE", "");
  environment.set("SSL_CERT_FILE", "");
  const auto all = assignments(system);
  EXPECT_EQ(all.count("CURL_CA_BUNDLE"), 0u);
  EXPECT_EQ(all.count("REQUESTS_CA_BUNDLE"), 0u);
  EXPECT_EQ(text(all, "SSL_CERT_FILE"), "SYSTEM\nOURS\n");
}

TEST_F(TrustTest, SettingsInFilesAreNotHidden) {
  EXPECT_EQ(assignments(system).count("AWS_CA_BUNDLE"), 1u);
  folder.write("config", "[default]\n  ca_bundle = /corporate.pem\n");
  std::filesystem::create_directory(folder.file(".aws"));
  std::filesystem::rename(folder.file("config"), folder.file(".aws/config"));
  EXPECT_EQ(assignments(system).count("AWS_CA_BUNDLE"), 0u);
}

// git -c http.sslCAInfo, a repository's .npmrc, a workspace's .cargo/config.toml, pip.conf: a variable would win.
TEST_F(TrustTest, WhoNeverSpeaksToAnLlmHostIsLeftAlone) {
  environment.set("GIT_SSL_CAINFO", corporate);
  const auto all = assignments(system);
  for (const char* name :
       {"GIT_SSL_CAINFO", "PIP_CERT", "CARGO_HTTP_CAINFO", "npm_config_cafile", "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"})
    EXPECT_EQ(all.count(name), 0u) << name;
}

TEST_F(TrustTest, BundleThatCannotBeWrittenIsAProblem) {
  EXPECT_FALSE(make_trust(environment, BundleStore(folder.file("missing"), roots), system));
}
}  // namespace
}  // namespace hivemind::run
