#include "preload/route.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "table.h"

namespace hivemind {
namespace {

Endpoint endpoint(const char* address, uint16_t port) {
  Endpoint result;
  in_addr four;
  if (inet_pton(AF_INET, address, &four) == 1) return v4_endpoint(ntohl(four.s_addr), port, AF_INET);
  result.family = AF_INET6;
  result.port = port;
  EXPECT_EQ(inet_pton(AF_INET6, address, result.address), 1) << address;
  return result;
}

TEST(Route, ByDestination) {
  hm_policy policy = {};
  set_policy(policy, {443, 11434, 9000}, {"api.openai.com"});
  constexpr uint16_t listener = 9000;
  const struct {
    const char* name;
    const char* address;
    uint16_t port;
    HostKind host;
    Route want;
  } cases[] = {
      {"an LLM host", "203.0.113.1", 443, HostKind::llm, Route::redirect},
      {"a host nobody resolved", "203.0.113.1", 443, HostKind::unknown, Route::redirect},
      {"another host", "203.0.113.1", 443, HostKind::other, Route::by_name},
      {"another port", "203.0.113.1", 22, HostKind::llm, Route::by_port},
      {"IPv6", "2001:db8::1", 443, HostKind::unknown, Route::redirect},
      {"mapped", "::ffff:203.0.113.1", 443, HostKind::unknown, Route::redirect},
      {"a local server", "127.0.0.1", 11434, HostKind::unknown, Route::redirect},
      {"a local server by any name", "127.0.0.1", 11434, HostKind::other, Route::redirect},
      {"a local server on IPv6", "::1", 11434, HostKind::other, Route::redirect},
      {"the listener", "127.0.0.1", listener, HostKind::unknown, Route::direct},
      {"the listener, mapped", "::ffff:127.0.0.1", listener, HostKind::unknown, Route::direct},
      {"the listener, on IPv6", "::1", listener, HostKind::unknown, Route::direct},
      {"the listener's number elsewhere", "203.0.113.1", listener, HostKind::unknown, Route::redirect},
      {"a token", "127.64.0.1", 443, HostKind::unknown, Route::direct},
      {"the last token", "127.127.255.255", 443, HostKind::unknown, Route::direct},
      {"a token, mapped", "::ffff:127.64.0.1", 443, HostKind::unknown, Route::direct},
      {"past the tokens", "127.128.0.0", 443, HostKind::unknown, Route::redirect},
      {"unspecified", "0.0.0.0", 443, HostKind::unknown, Route::direct},
      {"unspecified IPv6", "::", 443, HostKind::unknown, Route::direct},
      {"multicast", "224.0.0.1", 443, HostKind::unknown, Route::direct},
      {"broadcast", "255.255.255.255", 443, HostKind::unknown, Route::direct},
      {"multicast IPv6", "ff02::1", 443, HostKind::unknown, Route::direct},
      {"link-local IPv6", "fe80::1", 443, HostKind::unknown, Route::direct},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(route_by_destination(policy, listener, endpoint(c.address, c.port), c.host), c.want);
  }
  EXPECT_EQ(route_by_destination(policy, 0, endpoint("203.0.113.1", 443), HostKind::llm), Route::direct)
      << "no listener";
}

TEST(Route, BySocket) {
  constexpr int udp = 17;
  const struct {
    const char* name;
    SocketFacts socket;
    Route want;
  } cases[] = {
      {"TCP", {.protocol = IPPROTO_TCP, .unconnected = true}, Route::redirect},
      {"MPTCP", {.protocol = abi::ipproto_mptcp, .unconnected = true}, Route::redirect},
      {"UDP", {.protocol = udp, .unconnected = true}, Route::direct},
      {"UNIX", {.protocol = 0, .unconnected = true}, Route::direct},
      {"connecting or connected", {.protocol = IPPROTO_TCP, .unconnected = false}, Route::direct},
      {"another device", {.protocol = IPPROTO_TCP, .unconnected = true, .on_other_device = true}, Route::by_socket},
      {"another user", {.protocol = IPPROTO_TCP, .unconnected = true, .of_other_user = true}, Route::by_socket},
      {"V6ONLY", {.protocol = IPPROTO_TCP, .unconnected = true, .v6only = true}, Route::redirect_made_dual},
      {"V6ONLY, bound",
       {.protocol = IPPROTO_TCP, .unconnected = true, .v6only = true, .bound = true},
       Route::by_socket},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(route_by_socket(c.socket), c.want);
  }
}

TEST(Route, AfterAnError) {
  const struct {
    int error;
    uint16_t family;
    bool unconnected;
    AfterError want;
  } cases[] = {
      {EINPROGRESS, AF_INET, false, AfterError::keep},   {EINTR, AF_INET, false, AfterError::keep},
      {ENETUNREACH, AF_INET6, true, AfterError::retry},  {EPERM, AF_INET, true, AfterError::retry},
      {EACCES, AF_INET, true, AfterError::retry},        {EADDRNOTAVAIL, AF_INET, true, AfterError::retry},
      {ECONNREFUSED, AF_INET, true, AfterError::retry},  {ECONNREFUSED, AF_INET6, true, AfterError::give_up},
      {ETIMEDOUT, AF_INET, true, AfterError::give_up},   {EFAULT, AF_INET, false, AfterError::keep},
      {EAFNOSUPPORT, AF_INET6, true, AfterError::retry},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::strerror(c.error));
    EXPECT_EQ(after_error(c.error, c.family, c.unconnected), c.want);
  }
}

// What the object declares for itself agrees with this system's headers.
TEST(Abi, AgreesWithLibc) {
  EXPECT_EQ(abi::einprogress, EINPROGRESS);
  EXPECT_EQ(abi::econnrefused, ECONNREFUSED);
  EXPECT_EQ(abi::enetunreach, ENETUNREACH);
  EXPECT_EQ(abi::etimedout, ETIMEDOUT);
  EXPECT_EQ(abi::msg_fastopen, MSG_FASTOPEN);
  EXPECT_EQ(abi::so_bindtodevice, SO_BINDTODEVICE);
  EXPECT_EQ(abi::so_protocol, SO_PROTOCOL);
  EXPECT_EQ(sizeof(abi::Msghdr), sizeof(msghdr));
  EXPECT_EQ(offsetof(abi::Msghdr, name_size), offsetof(msghdr, msg_namelen));
  EXPECT_EQ(offsetof(abi::Msghdr, flags), offsetof(msghdr, msg_flags));
}
}  // namespace
}  // namespace hivemind
