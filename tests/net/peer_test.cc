#include "net/peer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

namespace hivemind {
namespace {

using boost::asio::ip::tcp;

class PeerTest : public ::testing::Test {
protected:
  PeerTest() : acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0}), client(loop), server(loop) {
    client.connect(acceptor.local_endpoint());
    server = acceptor.accept();
    remote = server.remote_endpoint();
  }
  PeerSocket found() {
    const auto peer = peers.find(remote, server.local_endpoint());
    if (!peer) ADD_FAILURE() << "the kernel cannot tell";
    return peer.value_or(PeerSocket{});
  }
  boost::asio::io_context loop;
  tcp::acceptor acceptor;
  tcp::socket client, server;
  tcp::endpoint remote;
  PeerSockets peers;
};

TEST_F(PeerTest, AnOpenSocketHasItsOwner) {
  EXPECT_TRUE(found().open);
  EXPECT_EQ(found().uid, ::getuid());
}

TEST_F(PeerTest, AHalfClosedSocketIsStillOpen) {
  client.shutdown(tcp::socket::shutdown_send);
  EXPECT_TRUE(found().open);
}

TEST_F(PeerTest, AClosedSocketIsNot) {
  client.close();
  EXPECT_FALSE(found().open);
}

TEST_F(PeerTest, AnExecutableIsNamedWhileItRuns) {
  EXPECT_FALSE(executable_of(::getpid()).empty());
  EXPECT_EQ(executable_of(-1), "");
}
}  // namespace
}  // namespace hivemind
