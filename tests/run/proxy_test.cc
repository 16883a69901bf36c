#include "preload/run/proxy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "hivemind/proxy.h"

namespace hivemind::run {
namespace {
struct ProxyTest : testing::Test {
  ProcessEnvironment environment{nullptr};
  hm_table table{};
  std::map<std::string, std::string> assignments() {
    const auto all = proxy_assignments(table, environment);
    return {all.begin(), all.end()};
  }
};

TEST_F(ProxyTest, TheSecretInBothForms) {
  for (int i = 0; i < HM_PROXY_SECRET_SIZE; ++i) table.proxy_secret[i] = static_cast<std::uint8_t>(i * 16 + i);
  char password[HM_PROXY_PASSWORD_SIZE + 1], authorization[HM_PROXY_AUTHORIZATION_SIZE + 1];
  hm_proxy_password(table.proxy_secret, password);
  EXPECT_STREQ(password, "00112233445566778899aabbccddeeff");
  hm_proxy_authorization(table.proxy_secret, authorization);
  EXPECT_STREQ(authorization, "Basic aGl2ZW1pbmQ6MDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmY=");
}

TEST_F(ProxyTest, EachRunHasASecretOfItsOwn) {
  hm_table other{};
  EXPECT_FALSE(hm_proxy_is_open(table.proxy_secret));
  EXPECT_TRUE(assignments().empty()) << "nothing to tell while nobody is let in";
  open_proxy(table);
  open_proxy(other);
  EXPECT_TRUE(hm_proxy_is_open(table.proxy_secret));
  EXPECT_FALSE(std::equal(std::begin(table.proxy_secret), std::end(table.proxy_secret), other.proxy_secret));
}

TEST_F(ProxyTest, WhatProgramsAreGiven) {
  open_proxy(table);
  table.listener_port = 4711;
  char password[HM_PROXY_PASSWORD_SIZE + 1];
  hm_proxy_password(table.proxy_secret, password);
  auto all = assignments();
  EXPECT_EQ(all["HTTPS_PROXY"], std::string("http://hivemind:") + password + "@127.0.0.1:4711");
  EXPECT_EQ(all["https_proxy"], all["HTTPS_PROXY"]);
  EXPECT_EQ(all["NO_PROXY"], "localhost,127.0.0.1,::1");
  EXPECT_EQ(all["NODE_USE_ENV_PROXY"], "1");
  EXPECT_FALSE(all.contains("HTTP_PROXY") || all.contains("ALL_PROXY"));

  environment.set("no_proxy", "intra.example");
  environment.set("NODE_USE_ENV_PROXY", "0");
  all = assignments();
  EXPECT_EQ(all["no_proxy"], "intra.example,localhost,127.0.0.1,::1");
  EXPECT_EQ(all["NO_PROXY"], all["no_proxy"]);
  EXPECT_FALSE(all.contains("NODE_USE_ENV_PROXY"));
}

TEST_F(ProxyTest, TheUsersOwnIsLeftAlone) {
  EXPECT_EQ(why_no_proxy(environment), "");
  environment.set("https_proxy", "");
  EXPECT_EQ(why_no_proxy(environment), "") << "empty means none";
  environment.set("https_proxy", "http://hivemind:00@127.0.0.1:1");
  EXPECT_EQ(why_no_proxy(environment), "") << "of a run around this one";
  environment.set("ALL_PROXY", "socks5://own:1");
  EXPECT_EQ(why_no_proxy(environment), "ALL_PROXY names a proxy of your own");
}
}  // namespace
}  // namespace hivemind::run
