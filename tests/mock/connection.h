// connection.h - one client connection, plain or TLS: what has been read and not used yet, and whether it is still
// there. Invariant: after an operation failed or the client left, every later write and wait says so at once.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/time.h"

namespace hivemind::mock {

class Connection : public std::enable_shared_from_this<Connection> {
public:
  using Socket = boost::asio::ip::tcp::socket;
  // `tls`: nullptr for plain TCP, else outlives the connection.
  Connection(Socket socket, boost::asio::ssl::context* tls);

  boost::asio::awaitable<bool> handshake();
  // Reads more into `input`; false when the client ended or broke the connection.
  boost::asio::awaitable<bool> fill();
  boost::asio::awaitable<bool> write(std::string_view bytes);
  // False: the client left before `duration` was over.
  boost::asio::awaitable<bool> wait(Duration duration);
  // The same until `instant`.
  boost::asio::awaitable<bool> wait_until(TimePoint instant);
  boost::asio::awaitable<void> finish();  // orderly end (close_notify, FIN)
  void reset();                           // RST, without close_notify
  bool gone();

  std::string input;  // read, not yet used
  std::string peer() const { return peer_; }

private:
  Socket& socket() { return stream_ ? stream_->next_layer() : *plain_; }
  void watch();

  std::unique_ptr<Socket> plain_;
  std::unique_ptr<boost::asio::ssl::stream<Socket>> stream_;
  boost::asio::steady_timer timer_;
  std::string peer_;
  bool watching_ = false, gone_ = false;
};
}  // namespace hivemind::mock
