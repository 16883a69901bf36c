#include "tests/mock/connection.h"

#include <algorithm>

#include <poll.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace hivemind::mock {
namespace asio = boost::asio;
namespace {
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
using Transferred = std::tuple<boost::system::error_code, std::size_t>;
}  // namespace

Connection::Connection(Socket socket, asio::ssl::context* tls) : timer_(socket.get_executor()) {
  boost::system::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (const auto endpoint = socket.remote_endpoint(ignored); !ignored)
    peer_ = endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
  if (tls)
    stream_ = std::make_unique<asio::ssl::stream<Socket>>(std::move(socket), *tls);
  else
    plain_ = std::make_unique<Socket>(std::move(socket));
}

asio::awaitable<bool> Connection::handshake() {
  if (!stream_) co_return true;
  auto [error] = co_await stream_->async_handshake(asio::ssl::stream_base::server, use_tuple);
  co_return !error;
}

asio::awaitable<bool> Connection::fill() {
  const auto before = input.size();
  const auto step = std::max<std::size_t>(4096, std::min<std::size_t>(input.capacity() - before, 256 * 1024));
  input.resize(before + step);
  const auto buffer = asio::buffer(input.data() + before, step);
  Transferred result;
  if (stream_)
    result = co_await stream_->async_read_some(buffer, use_tuple);
  else
    result = co_await plain_->async_read_some(buffer, use_tuple);
  const auto& [error, count] = result;
  input.resize(before + count);
  if (error) gone_ = true;
  co_return !error;
}

asio::awaitable<bool> Connection::write(std::string_view bytes) {
  if (gone_) co_return false;
  Transferred result;
  if (stream_)
    result = co_await asio::async_write(*stream_, asio::buffer(bytes), use_tuple);
  else
    result = co_await asio::async_write(*plain_, asio::buffer(bytes), use_tuple);
  const bool sent = !std::get<0>(result);
  if (!sent) gone_ = true;
  co_return sent;
}

// A client that leaves makes its socket readable. One watch is armed at most, and it outlives a wait: when the next
// request makes the socket readable instead, nothing comes of it.
void Connection::watch() {
  if (watching_) return;
  watching_ = true;
  socket().async_wait(Socket::wait_read, [self = shared_from_this()](const boost::system::error_code&) {
    self->watching_ = false;
    if (self->gone()) self->timer_.cancel();
  });
}

bool Connection::gone() {
  if (gone_ || !socket().is_open()) return true;
  pollfd state{.fd = socket().native_handle(), .events = POLLRDHUP, .revents = 0};
  if (::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR))) gone_ = true;
  return gone_;
}

asio::awaitable<bool> Connection::wait(Duration duration) {
  if (duration <= Duration::zero()) co_return !gone_;
  co_return co_await wait_until(Clock::now() + duration);
}

asio::awaitable<bool> Connection::wait_until(TimePoint instant) {
  watch();
  if (gone()) co_return false;
  timer_.expires_at(instant);
  co_await timer_.async_wait(use_tuple);
  co_return !gone();
}

asio::awaitable<void> Connection::finish() {
  boost::system::error_code ignored;
  if (stream_ && !gone_) {
    timer_.expires_after(1s);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      boost::system::error_code unused;
      if (!error) self->socket().close(unused);
    });
    co_await stream_->async_shutdown(use_tuple);
    timer_.cancel();
  }
  socket().shutdown(Socket::shutdown_both, ignored);
  socket().close(ignored);
  gone_ = true;
}

void Connection::reset() {
  boost::system::error_code ignored;
  socket().set_option(asio::socket_base::linger(true, 0), ignored);
  socket().close(ignored);
  gone_ = true;
}
}  // namespace hivemind::mock
