#include "net/stream.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "net/tunnel.h"

namespace hivemind {
namespace {

// Two ends of a loopback connection, and a loop that runs until a coroutine is done.
class StreamTest : public ::testing::Test {
protected:
  std::pair<tcp::socket, tcp::socket> connected() {
    tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
    tcp::socket client(loop);
    client.connect(acceptor.local_endpoint());
    return {acceptor.accept(), std::move(client)};
  }
  void run(asio::awaitable<void> coroutine) {
    std::exception_ptr failure;
    asio::co_spawn(loop, std::move(coroutine), [&](std::exception_ptr e) {
      failure = e;
      loop.stop();
    });
    loop.restart();
    loop.run_for(10s);
    if (failure) std::rethrow_exception(failure);
    ASSERT_TRUE(loop.stopped()) << "did not end in time";
  }
  asio::io_context loop{1};
  Deadlines deadlines{loop};
};

asio::awaitable<void> read_and_expect(Stream& stream, std::string want) {
  std::string got;
  char bytes[7];
  while (got.size() < want.size()) {
    const auto n = co_await stream.read_some(bytes, Clock::now() + 5s);
    if (!n) break;
    got.append(bytes, *n);
  }
  EXPECT_EQ(got, want);
}

TEST_F(StreamTest, WhatWasReadAheadComesFirst) {
  auto [a, b] = connected();
  Stream stream(std::move(a), deadlines);
  stream.unread("read ahead, ");
  asio::write(b, asio::buffer(std::string("then the rest")));
  run(read_and_expect(stream, "read ahead, then the rest"));
}

asio::awaitable<void> expect_read_error(Stream& stream, TimePoint deadline, error_code want) {
  char byte;
  const auto n = co_await stream.read_some({&byte, 1}, deadline);
  EXPECT_FALSE(n.has_value());
  EXPECT_EQ(n.error(), want);
}

TEST_F(StreamTest, AWaitEndsAtItsDeadline) {
  auto [a, b] = connected();
  Stream stream(std::move(a), deadlines);
  run(expect_read_error(stream, Clock::now() + 1ms, asio::error::timed_out));
}

TEST_F(StreamTest, AnEndAndABreakAreToldApart) {
  {
    auto [a, b] = connected();
    Stream stream(std::move(a), deadlines);
    b.close();
    run(expect_read_error(stream, Clock::now() + 5s, asio::error::eof));
  }
  auto [a, b] = connected();
  Stream stream(std::move(a), deadlines);
  Stream(std::move(b), deadlines).reset();
  run(expect_read_error(stream, Clock::now() + 5s, asio::error::connection_reset));
}

asio::awaitable<void> wait_for(Waiter& waiter) { co_await waiter.wait(); }

TEST_F(StreamTest, TheWatchCallsWhenThePeerLeavesAndNotWhenItSends) {
  {
    auto [a, b] = connected();
    Stream stream(std::move(a), deadlines);
    Waiter left;
    std::optional<bool> orderly;
    stream.watch([&](bool how) {
      orderly = how;
      left.wake();
    });
    b.close();
    run(wait_for(left));
    EXPECT_EQ(orderly, true);
  }
  auto [a, b] = connected();
  Stream stream(std::move(a), deadlines);
  bool left = false;
  stream.watch([&left](bool) { left = true; });
  asio::write(b, asio::buffer("x", 1));
  run(read_and_expect(stream, "x"));
  EXPECT_FALSE(left);
}

TEST_F(StreamTest, TheWatchSeesAnEndBehindBytesNobodyHasRead) {
  auto [a, b] = connected();
  Stream stream(std::move(a), deadlines);
  Waiter left;
  std::optional<bool> orderly;
  asio::write(b, asio::buffer("x", 1));
  stream.watch([&](bool how) {
    orderly = how;
    left.wake();
  });
  b.close();
  run(wait_for(left));
  EXPECT_EQ(orderly, true);
}

TEST_F(StreamTest, ACancelThatComesBetweenTwoWaitsEndsTheNext) {
  auto [a, b] = connected();
  Stream stream(std::move(a), deadlines);
  stream.cancel();
  run(expect_read_error(stream, Clock::now() + 5s, asio::error::operation_aborted));
}

TEST_F(StreamTest, AQuietConnectionIsToldFromOneThatHasNews) {
  auto [a, b] = connected();
  Stream stream(std::move(a), deadlines);
  EXPECT_TRUE(stream.is_quiet());
  asio::write(b, asio::buffer("x", 1));
  EXPECT_FALSE(stream.is_quiet());
}

asio::awaitable<void> tunnel_of(Stream& client, Stream& upstream) { co_await tunnel(client, upstream, "ahead ", {}); }

TEST_F(StreamTest, ATunnelMirrorsTheHalfClose) {
  auto [inner_client, client] = connected();
  auto [upstream, inner_upstream] = connected();
  Stream left(std::move(inner_client), deadlines), right(std::move(inner_upstream), deadlines);
  asio::write(client, asio::buffer(std::string("question")));
  client.shutdown(tcp::socket::shutdown_send);
  // The upstream's answer is there before it is asked; it must survive the client's half-close.
  asio::write(upstream, asio::buffer(std::string("answer")));
  upstream.shutdown(tcp::socket::shutdown_send);
  run(tunnel_of(left, right));
  std::string question, answer;
  error_code ec;
  left.close(), right.close();
  asio::read(upstream, asio::dynamic_buffer(question), ec);
  EXPECT_EQ(question, "ahead question");
  EXPECT_EQ(ec, asio::error::eof);
  asio::read(client, asio::dynamic_buffer(answer), ec);
  EXPECT_EQ(answer, "answer");
  EXPECT_EQ(ec, asio::error::eof);
}

TEST_F(StreamTest, ATunnelMirrorsTheReset) {
  auto [inner_client, client] = connected();
  auto [upstream, inner_upstream] = connected();
  Stream left(std::move(inner_client), deadlines), right(std::move(inner_upstream), deadlines);
  Stream(std::move(upstream), deadlines).reset();
  run(tunnel_of(left, right));
  char byte;
  error_code ec;
  client.read_some(asio::buffer(&byte, 1), ec);
  EXPECT_EQ(ec, asio::error::connection_reset);
}
}  // namespace
}  // namespace hivemind
