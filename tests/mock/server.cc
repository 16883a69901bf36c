#include "tests/mock/server.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/mock/generation.h"
#include "tests/mock/routes.h"

namespace hivemind::mock {
namespace asio = boost::asio;
using tcp = asio::ip::tcp;
namespace {
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

void spawn(asio::io_context& io, const char* name, asio::awaitable<void> task) {
  asio::co_spawn(io, std::move(task), [name](const std::exception_ptr& escaped) {
    if (!escaped) return;
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "hivemind-mock: %s: %s\n", name, error.what());
    }
  });
}

int choose_http1(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                 unsigned int offered_size, void*) {
  static constexpr unsigned char http1[] = "\x08http/1.1";
  const auto found =
      SSL_select_next_proto(const_cast<unsigned char**>(chosen), size, http1, sizeof http1 - 1, offered, offered_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

asio::ssl::context make_tls(const Options& options) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  try {
    context.use_certificate_chain_file(options.certificate);
    context.use_private_key_file(options.key, asio::ssl::context::pem);
  } catch (const std::exception& error) {
    throw std::runtime_error("cannot use " + options.certificate + " with " + options.key + ": " + error.what());
  }
  SSL_CTX_set_alpn_select_cb(context.native_handle(), choose_http1, nullptr);
  return context;
}
}  // namespace

Server::Server(asio::io_context& io, Simulator& simulator) : io_(io), simulator_(simulator) {
  if (!simulator.options.certificate.empty()) tls_ = make_tls(simulator.options);
  for (const auto& wanted : simulator.options.listen) {
    const auto where = wanted.address + ":" + std::to_string(wanted.port);
    boost::system::error_code error;
    const auto address = asio::ip::make_address(wanted.address, error);
    if (error) throw std::runtime_error("cannot listen on " + where + ": not an IP address");
    tcp::acceptor acceptor(io);
    acceptor.open(address.is_v4() ? tcp::v4() : tcp::v6());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind({address, wanted.port}, error);
    if (!error) acceptor.listen(4096, error);
    if (error) throw std::runtime_error("cannot listen on " + where + ": " + error.message());
    listeners_.push_back({std::move(acceptor), wanted.tls_only});
  }
}

void Server::announce() const {
  bool first = true;
  for (const auto& listener : listeners_) {
    const auto endpoint = listener.acceptor.local_endpoint();
    if (first)
      std::printf("listening %u\n", unsigned{endpoint.port()});
    else
      std::printf("also %s:%u\n", endpoint.address().to_string().c_str(), unsigned{endpoint.port()});
    first = false;
  }
  std::fflush(stdout);
}

void Server::start() {
  for (auto& listener : listeners_) spawn(io_, "accept", accept(listener));
}

asio::awaitable<void> Server::accept(Listener& listener) {
  for (;;) {
    auto [error, socket] = co_await listener.acceptor.async_accept(use_tuple);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {  // out of descriptors: those that run must end first
      asio::steady_timer pause(io_, 10ms);
      co_await pause.async_wait(use_tuple);
      continue;
    }
    spawn(io_, "connection", serve(std::move(socket), listener.tls_only));
  }
}

asio::awaitable<void> Server::serve(tcp::socket socket, bool tls_only) {
  auto& statistics = simulator_.statistics;
  ++statistics.connections;
  bool is_tls = tls_only;
  if (tls_ && !tls_only) {  // both are spoken on one port; a TLS record begins with 0x16
    char first = 0;
    auto [error, size] = co_await socket.async_receive(asio::buffer(&first, 1), MSG_PEEK, use_tuple);
    if (error) co_return;
    is_tls = first == 0x16;
  }
  const auto connection = std::make_shared<Connection>(std::move(socket), is_tls ? &*tls_ : nullptr);
  if (is_tls) {
    const bool agreed = co_await connection->handshake();
    ++(agreed ? statistics.tls_handshakes : statistics.tls_failures);
    if (!agreed) co_return;
  }
  for (bool keep = true; keep;) {
    Request request;
    const auto result = co_await read_request(*connection, request);
    if (result == ReadResult::ended) co_return;
    if (result == ReadResult::malformed) {
      ++statistics.malformed;
      const auto response = sized_response(400, "text/plain", "Connection: close\r\n", "malformed request\n");
      co_await connection->write(response);
      break;
    }
    if (request.target.starts_with("/__mock/")) {
      keep = co_await answer_own(simulator_, *connection, request);
      continue;
    }
    const auto arrived = Clock::now();
    ++statistics.requests;
    ++statistics.by_path[request.path()];
    if (request.expected_continue) ++statistics.expect_continue;
    if (request.chunked) ++statistics.chunked_requests;
    LogEntry entry;
    entry.request = &request;
    if (const auto api = generation_api(request)) {
      Generation generation(simulator_, *connection, request, *api, entry);
      keep = co_await generation.run();
    } else {
      const auto response = answer_other(request, entry);
      const bool sent = co_await connection->write(response);
      keep = sent && request.keep_alive;
      ++statistics.by_status[std::to_string(entry.status)];
    }
    if (!simulator_.is_logging()) continue;
    entry.peer = connection->peer();
    entry.tls = is_tls;
    entry.seconds = std::chrono::duration<double>(Clock::now() - arrived).count();
    simulator_.log(entry);
  }
  if (!connection->gone()) co_await connection->finish();
}
}  // namespace hivemind::mock
