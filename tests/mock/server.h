// server.h - listeners, and the life of each connection: one request after the other, answered in order.
#pragma once
#include <optional>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "tests/mock/simulator.h"

namespace hivemind::mock {

class Server {
public:
  // Binds every address; throws std::runtime_error with what to change. Outlives what runs on `io`.
  Server(boost::asio::io_context& io, Simulator& simulator);
  // First line "listening PORT"; further listeners follow as "also ADDRESS:PORT".
  void announce() const;
  void start();

private:
  struct Listener {
    boost::asio::ip::tcp::acceptor acceptor;
    bool tls_only;
  };
  boost::asio::awaitable<void> accept(Listener& listener);
  boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket, bool tls_only);

  boost::asio::io_context& io_;
  Simulator& simulator_;
  std::optional<boost::asio::ssl::context> tls_;
  std::vector<Listener> listeners_;
};
}  // namespace hivemind::mock
