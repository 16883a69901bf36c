// stream.h - one TCP connection, plain or TLS, read and written without a buffer of its own.
// Tries the system call (or SSL_read/SSL_write) first and waits only when it would block, so an idle connection costs a
// descriptor and, with TLS, OpenSSL's own state. Every wait has a deadline.
// Not movable: OpenSSL's BIO points at it. Event-loop thread only. One reader and one writer at a time.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/errors.h"
#include "net/deadlines.h"
#include "net/waiter.h"

namespace hivemind {

using asio::ip::tcp;

template <auto Free>
struct Freed {
  void operator()(auto* p) const noexcept { Free(p); }
};
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;

// What one non-blocking call did.
struct Transfer {
  enum Status { moved, wants_read, wants_write, closed, failed } status = failed;
  std::size_t bytes = 0;  // > 0 with `moved`
  error_code error;       // with `failed`
};

class Stream final : public Deadlines::Entry {
public:
  Stream(tcp::socket socket, Deadlines& deadlines);
  ~Stream() override;
  Stream(const Stream&) = delete;

  // Bytes that were read ahead: the next reads (or the TLS handshake) take them first.
  void unread(std::string bytes) { ahead_ = std::move(bytes); }

  // `closed` is the peer's orderly end (FIN, or TLS close_notify or FIN without one).
  Transfer try_read(std::span<char> into);
  Transfer try_write(std::string_view bytes);
  // At least one byte, or an error; asio::error::eof at the peer's orderly end, timed_out at the deadline.
  asio::awaitable<Result<std::size_t>> read_some(std::span<char> into, TimePoint deadline);
  asio::awaitable<error_code> write_all(std::string_view bytes, TimePoint deadline);
  // Returns when the condition a Transfer asked for holds; may be early.
  asio::awaitable<error_code> wait(Transfer::Status wants, TimePoint deadline);

  asio::awaitable<error_code> accept_tls(SSL_CTX* context, TimePoint deadline);
  // Verifies the peer against `context` for `host`, and sends it as SNI.
  asio::awaitable<error_code> connect_tls(SSL_CTX* context, const std::string& host, TimePoint deadline);
  bool is_tls() const { return ssl_ != nullptr; }
  SSL* ssl() { return ssl_.get(); }
  // The peer's end came without a close_notify: whether all it meant to say has arrived, nobody can tell.
  bool ended_ragged() const { return ragged_; }
  // OpenSSL's reason for the last failed TLS call, for people.
  const std::string& tls_error() const { return tls_error_; }
  int tls_reason() const { return tls_reason_; }  // ERR_GET_REASON, or 0

  // Calls `gone(orderly)` once when the peer ends (orderly) or breaks the connection while nobody reads; behind bytes
  // that nobody has read yet (a pipelined request) up to a sweep of the deadlines later. Reading again ends the watch.
  // `gone` must be valid until unwatch(), close() or reset().
  void watch(std::function<void(bool orderly)> gone);
  void unwatch() { gone_ = nullptr; }
  // False once the peer's end or anything unasked-for has arrived on an idle connection.
  bool is_quiet();

  // Ends the wait under way and every later one: what was cancelled is not used again.
  void cancel() {
    cancelled_ = true;
    abort_waits(asio::error::operation_aborted);
  }
  void shutdown_send();  // TLS: close_notify, then FIN
  void close();          // what was written is still delivered
  void close_ragged();   // the same, without close_notify
  bool has_unread();     // bytes have arrived that nobody has read: closing now would be a reset
  void reset();          // RST
  bool is_open() const { return socket_.is_open(); }
  tcp::socket& socket() { return socket_; }

private:
  void expire() override;
  TimePoint no_deadline() const { return polls_end_ ? TimePoint::min() : Deadlines::never; }
  void poll_end();
  void abort_waits(error_code why);
  void arm_read();
  void on_readable(error_code ec);
  asio::awaitable<error_code> wait_readable(TimePoint deadline);
  asio::awaitable<error_code> wait_writable(TimePoint deadline);
  asio::awaitable<error_code> handshake(TimePoint deadline);
  Transfer tls_result(int result);
  Transfer raw_read(char* into, std::size_t size);
  Transfer raw_write(const char* bytes, std::size_t size);
  static BIO_METHOD* bio_method();
  static int bio_read(BIO* bio, char* into, int size);
  static int bio_write(BIO* bio, const char* bytes, int size);
  void attach(SSL_CTX* context);

  tcp::socket socket_;
  SslPtr ssl_;
  std::string ahead_;
  std::string tls_error_;
  int tls_reason_ = 0;
  bool read_armed_ = false;        // an async_wait for reading is outstanding
  std::shared_ptr<Stream*> self_;  // nulled by the destructor; held by the outstanding wait
  Waiter reader_;
  std::function<void(bool)> gone_;
  error_code abort_;        // why the current waits end
  bool polls_end_ = false;  // watched, with bytes unread: every sweep looks whether an end has come behind them
  bool waiting_write_ = false, cancelled_ = false, ragged_ = false;
};
using StreamPtr = std::unique_ptr<Stream>;
}  // namespace hivemind
