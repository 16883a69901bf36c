#include "preload/endpoint.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

namespace hivemind {
namespace {

TEST(Endpoint, RoundTrip) {
  const Endpoint four = v4_endpoint(0x7F400001, 443, abi::af_inet);
  abi::Sockaddr sockaddr;
  EXPECT_EQ(write_sockaddr(four, sockaddr), abi::sockaddr_in_size);
  Endpoint back;
  ASSERT_TRUE(parse_endpoint(&sockaddr, abi::sockaddr_in_size, back));
  EXPECT_EQ(back.v4(), 0x7F400001u);
  EXPECT_EQ(back.port, 443);
  EXPECT_TRUE(back.is_v4() && back.is_loopback());

  const Endpoint mapped = v4_endpoint(0x01020304, 443, abi::af_inet6);
  EXPECT_EQ(write_sockaddr(mapped, sockaddr), abi::sockaddr_in6_size);
  ASSERT_TRUE(parse_endpoint(&sockaddr, abi::sockaddr_in6_size, back));
  EXPECT_EQ(back.family, abi::af_inet6);
  EXPECT_TRUE(back.is_v4());
  EXPECT_FALSE(back.is_loopback());
}

TEST(Endpoint, LengthDecides) {
  abi::Sockaddr sockaddr = {};
  Endpoint endpoint;
  sockaddr.v6.family = abi::af_inet6;
  sockaddr.v6.scope_id = 7;
  for (uint32_t size = 0; size <= 130; ++size) {
    SCOPED_TRACE(size);
    char bytes[256] = {};
    std::memcpy(bytes, &sockaddr, sizeof sockaddr);
    EXPECT_EQ(parse_endpoint(bytes, size, endpoint), size >= 24 && size <= 128);
    if (size >= 28 && size <= 128) {
      EXPECT_EQ(endpoint.scope_id, 7u);
    }
  }
  sockaddr.v4.family = 1;
  EXPECT_FALSE(parse_endpoint(&sockaddr, 28, endpoint)) << "AF_UNIX";
}

TEST(Endpoint, UnreadableMemoryIsNotTouched) {
  Endpoint endpoint;
  auto* pages = static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_EQ(mprotect(pages + 4096, 4096, PROT_NONE), 0);
  pages[4096 - 16] = abi::af_inet;
  EXPECT_TRUE(read_endpoint(pages + 4096 - 16, 16, endpoint));
  EXPECT_FALSE(read_endpoint(pages + 4096 - 8, 16, endpoint));
  EXPECT_FALSE(read_endpoint(pages + 4096, 16, endpoint));
  EXPECT_FALSE(read_endpoint(nullptr, 16, endpoint));
  EXPECT_FALSE(read_endpoint(reinterpret_cast<void*>(-16), 28, endpoint));
  munmap(pages, 8192);
}
}  // namespace
}  // namespace hivemind
