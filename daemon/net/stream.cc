#include "net/stream.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <openssl/err.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/turns.h"

namespace hivemind {

namespace {
error_code from_errno() { return {errno, boost::system::system_category()}; }
bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }
}  // namespace

Stream::Stream(tcp::socket socket, Deadlines& deadlines)
    : socket_(std::move(socket)), self_(std::make_shared<Stream*>(this)) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  deadlines.watch(*this);
}

Stream::~Stream() { *self_ = nullptr; }

// ---- bytes

Transfer Stream::raw_read(char* into, std::size_t size) {
  if (!ahead_.empty()) {
    const auto n = std::min(size, ahead_.size());
    std::memcpy(into, ahead_.data(), n);
    if (n == ahead_.size())
      std::string().swap(ahead_);
    else
      ahead_.erase(0, n);
    return {Transfer::moved, n, {}};
  }
  const auto n = ::recv(socket_.native_handle(), into, size, 0);
  if (n > 0) return {Transfer::moved, static_cast<std::size_t>(n), {}};
  if (n == 0) return {Transfer::closed, 0, {}};
  if (would_block()) return {Transfer::wants_read, 0, {}};
  return {Transfer::failed, 0, from_errno()};
}

Transfer Stream::raw_write(const char* bytes, std::size_t size) {
  const auto n = ::send(socket_.native_handle(), bytes, size, MSG_NOSIGNAL);
  if (n >= 0) return {Transfer::moved, static_cast<std::size_t>(n), {}};
  if (would_block()) return {Transfer::wants_write, 0, {}};
  return {Transfer::failed, 0, from_errno()};
}

Transfer Stream::try_read(std::span<char> into) {
  if (!ssl_) return raw_read(into.data(), into.size());
  ERR_clear_error();
  const int size = static_cast<int>(std::min<std::size_t>(into.size(), 1u << 30));
  const int n = SSL_read(ssl_.get(), into.data(), size);
  return n > 0 ? Transfer{Transfer::moved, static_cast<std::size_t>(n), {}} : tls_result(n);
}

Transfer Stream::try_write(std::string_view bytes) {
  if (!ssl_) return raw_write(bytes.data(), bytes.size());
  ERR_clear_error();
  const int size = static_cast<int>(std::min<std::size_t>(bytes.size(), 1u << 30));
  const int n = SSL_write(ssl_.get(), bytes.data(), size);
  return n > 0 ? Transfer{Transfer::moved, static_cast<std::size_t>(n), {}} : tls_result(n);
}

Transfer Stream::tls_result(int result) {
  const int saved = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {Transfer::wants_read, 0, {}};
    case SSL_ERROR_WANT_WRITE:
      return {Transfer::wants_write, 0, {}};
    case SSL_ERROR_ZERO_RETURN:
      return {Transfer::closed, 0, {}};
    case SSL_ERROR_SYSCALL:
      if (ERR_peek_error() == 0 && saved != 0) return {Transfer::failed, 0, {saved, boost::system::system_category()}};
      break;
    default:
      break;
  }
  const auto reason = ERR_peek_last_error();
  tls_reason_ = ERR_GET_REASON(reason);
  if (tls_reason_ == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    ragged_ = true;
    return {Transfer::closed, 0, {}};
  }
  const char* text = ERR_reason_error_string(reason);
  tls_error_ = text ? text : "TLS failure";
  ERR_clear_error();
  return {Transfer::failed, 0, make_error_code(boost::system::errc::protocol_error)};
}

asio::awaitable<Result<std::size_t>> Stream::read_some(std::span<char> into, TimePoint deadline) {
  for (;;) {
    const auto got = try_read(into);
    switch (got.status) {
      case Transfer::moved:
        co_return got.bytes;
      case Transfer::closed:
        co_return error_code(asio::error::eof);
      case Transfer::failed:
        co_return got.error;
      default:
        break;
    }
    if (const auto ec = co_await wait(got.status, deadline)) co_return ec;
  }
}

asio::awaitable<error_code> Stream::write_all(std::string_view bytes, TimePoint deadline) {
  Turns turns;
  while (!bytes.empty()) {
    const auto put = try_write(bytes);
    switch (put.status) {
      case Transfer::moved:
        bytes.remove_prefix(put.bytes);
        if (turns.over(put.bytes)) {
          co_await next_turn();
          if (cancelled_) co_return asio::error::operation_aborted;
        }
        continue;
      case Transfer::closed:
        co_return asio::error::eof;
      case Transfer::failed:
        co_return put.error;
      default:
        break;
    }
    if (const auto ec = co_await wait(put.status, deadline)) co_return ec;
  }
  co_return error_code{};
}

// ---- waiting

asio::awaitable<error_code> Stream::wait(Transfer::Status wants, TimePoint until) {
  return wants == Transfer::wants_write ? wait_writable(until) : wait_readable(until);
}

void Stream::arm_read() {
  if (read_armed_) return;
  read_armed_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = self_](error_code ec) {
    if (*self) (*self)->on_readable(ec);
  });
}

void Stream::on_readable(error_code ec) {
  read_armed_ = false;
  if (reader_.waiting()) return reader_.resume(abort_ ? abort_ : ec);
  if (!gone_ || ec) return;
  char byte;
  Transfer seen{Transfer::moved, 1, {}};
  if (ssl_) {
    ERR_clear_error();
    const int n = SSL_peek(ssl_.get(), &byte, 1);
    if (n <= 0) seen = tls_result(n);
  } else {
    const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK);
    if (n == 0)
      seen.status = Transfer::closed;
    else if (n < 0)
      seen.status = would_block() ? Transfer::wants_read : Transfer::failed;
  }
  if (seen.status == Transfer::wants_read || seen.status == Transfer::wants_write) return arm_read();
  if (seen.status == Transfer::moved) return poll_end();
  const auto gone = std::exchange(gone_, nullptr);
  gone(seen.status == Transfer::closed);
}

// An end that waits behind unread bytes is not readable; the kernel's state of the connection tells it.
void Stream::poll_end() {
  tcp_info info{};
  socklen_t size = sizeof info;
  const bool known = ::getsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
  if (known && info.tcpi_state != TCP_CLOSE_WAIT && info.tcpi_state != TCP_CLOSE) {
    polls_end_ = true;
    if (!waiting_write_) expires_at = no_deadline();
    return;
  }
  polls_end_ = false;
  const auto gone = std::exchange(gone_, nullptr);
  gone(known && info.tcpi_state == TCP_CLOSE_WAIT);
}

void Stream::expire() {
  if (polls_end_ && gone_ && !reader_.waiting() && !waiting_write_) return poll_end();
  abort_waits(asio::error::timed_out);
}

asio::awaitable<error_code> Stream::wait_readable(TimePoint until) {
  gone_ = nullptr;
  polls_end_ = false;
  if (cancelled_) co_return asio::error::operation_aborted;
  if (!socket_.is_open()) co_return asio::error::bad_descriptor;
  abort_ = {};
  expires_at = until;
  arm_read();
  const auto ec = co_await reader_.wait();
  expires_at = Deadlines::never;
  co_return abort_ ? abort_ : ec;
}

asio::awaitable<error_code> Stream::wait_writable(TimePoint until) {
  if (cancelled_) co_return asio::error::operation_aborted;
  if (!socket_.is_open()) co_return asio::error::bad_descriptor;
  abort_ = {};
  expires_at = until;
  waiting_write_ = true;
  auto [ec] = co_await socket_.async_wait(tcp::socket::wait_write, asio::as_tuple(asio::use_awaitable));
  waiting_write_ = false;
  expires_at = no_deadline();
  co_return ec&& abort_ ? abort_ : ec;
}

void Stream::abort_waits(error_code why) {
  if (!reader_.waiting() && !waiting_write_) return;
  abort_ = why;
  reader_.wake(why);
  if (waiting_write_) {
    error_code ignored;
    socket_.cancel(ignored);
  }
}

void Stream::watch(std::function<void(bool)> gone) {
  gone_ = std::move(gone);
  polls_end_ = !ahead_.empty() || (ssl_ && SSL_has_pending(ssl_.get()));
  if (!polls_end_)
    arm_read();
  else
    expires_at = no_deadline();
}

bool Stream::is_quiet() {
  if (!socket_.is_open()) return false;
  char byte;
  if (ssl_) {
    ERR_clear_error();
    const int n = SSL_peek(ssl_.get(), &byte, 1);
    return n <= 0 && tls_result(n).status == Transfer::wants_read;
  }
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK) < 0 && would_block();
}

bool Stream::has_unread() {
  if (!socket_.is_open()) return false;
  error_code ignored;
  return !ahead_.empty() || (ssl_ && SSL_has_pending(ssl_.get())) || socket_.available(ignored) > 0;
}

// ---- TLS

BIO_METHOD* Stream::bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hivemind stream");
    BIO_meth_set_read(m, bio_read);
    BIO_meth_set_write(m, bio_write);
    BIO_meth_set_ctrl(m, [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH ? 1 : 0; });
    BIO_meth_set_create(m, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    return m;
  }();
  return method;
}

int Stream::bio_read(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  auto* stream = static_cast<Stream*>(BIO_get_data(bio));
  const auto got = stream->raw_read(into, static_cast<std::size_t>(size));
  if (got.status == Transfer::moved) return static_cast<int>(got.bytes);
  if (got.status == Transfer::wants_read) BIO_set_retry_read(bio);
  if (got.status == Transfer::closed) {
    errno = 0;
    return 0;
  }
  return -1;
}

int Stream::bio_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  auto* stream = static_cast<Stream*>(BIO_get_data(bio));
  const auto put = stream->raw_write(bytes, static_cast<std::size_t>(size));
  if (put.status == Transfer::moved) return static_cast<int>(put.bytes);
  if (put.status == Transfer::wants_write) BIO_set_retry_write(bio);
  return -1;
}

void Stream::attach(SSL_CTX* context) {
  ssl_.reset(SSL_new(context));
  SSL_set_mode(ssl_.get(),
               SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  BIO* bio = BIO_new(bio_method());
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);
}

asio::awaitable<error_code> Stream::handshake(TimePoint until) {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) co_return error_code{};
    const auto outcome = tls_result(result);
    if (outcome.status == Transfer::closed) co_return asio::error::eof;
    if (outcome.status == Transfer::failed) co_return outcome.error;
    if (const auto ec = co_await wait(outcome.status, until)) co_return ec;
  }
}

asio::awaitable<error_code> Stream::accept_tls(SSL_CTX* context, TimePoint until) {
  attach(context);
  SSL_set_accept_state(ssl_.get());
  co_return co_await handshake(until);
}

asio::awaitable<error_code> Stream::connect_tls(SSL_CTX* context, const std::string& host, TimePoint until) {
  attach(context);
  SSL_set_connect_state(ssl_.get());
  SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, nullptr);
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  if (not_an_address) {
    SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
    SSL_set1_host(ssl_.get(), host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str());
  }
  co_return co_await handshake(until);
}

// ---- ending

void Stream::shutdown_send() {
  if (!socket_.is_open()) return;
  if (ssl_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Stream::close() {
  if (!socket_.is_open()) return;
  if (ssl_ && SSL_is_init_finished(ssl_.get())) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  close_ragged();
}

void Stream::close_ragged() {
  if (!socket_.is_open()) return;
  gone_ = nullptr;
  abort_waits(asio::error::operation_aborted);
  error_code ignored;
  socket_.close(ignored);
}

void Stream::reset() {
  if (!socket_.is_open()) return;
  gone_ = nullptr;
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  abort_waits(asio::error::operation_aborted);
  socket_.close(ignored);
}
}  // namespace hivemind
