#include "tests/bench/stream.h"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace hivemind::bench {
namespace {

[[noreturn]] void fail(const std::string& what) {
  std::string why = std::strerror(errno);
  if (const auto code = ERR_get_error())
    why = ERR_reason_error_string(code) ? ERR_reason_error_string(code) : "TLS error";
  throw std::runtime_error(what + ": " + why);
}

SSL_CTX* client_context() {
  static const SslContextPtr context = [] {
    SslContextPtr made(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_default_verify_paths(made.get());
    SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER, nullptr);
    return made;
  }();
  return context.get();
}

void no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}
}  // namespace

SslContextPtr server_context(const std::string& certificate_file, const std::string& key_file) {
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    fail("certificate " + certificate_file);
  return context;
}

Stream::Stream(const Target& target) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_.get() < 0) fail("socket");
  no_delay(fd_.get());
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&target.address), sizeof target.address) != 0)
    fail("connect to " + target.name);
  if (!target.tls) return;
  ssl_.reset(SSL_new(client_context()));
  SSL_set_tlsext_host_name(ssl_.get(), target.host.c_str());
  SSL_set1_host(ssl_.get(), target.host.c_str());
  SSL_set_fd(ssl_.get(), fd_.get());
  if (SSL_connect(ssl_.get()) != 1) {
    const auto verified = SSL_get_verify_result(ssl_.get());
    fail("TLS to " + target.name +
         (verified == X509_V_OK ? "" : std::string(", ") + X509_verify_cert_error_string(verified)));
  }
}

Stream::Stream(UniqueFd fd, SSL_CTX* context) : fd_(std::move(fd)) {
  no_delay(fd_.get());
  if (!context) return;
  ssl_.reset(SSL_new(context));
  SSL_set_fd(ssl_.get(), fd_.get());
  if (SSL_accept(ssl_.get()) != 1) fail("TLS accept");
}

void Stream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t sent = 0;
    if (ssl_) {
      if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent) != 1) fail("write");
    } else {
      const auto n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0) fail("write");
      sent = static_cast<std::size_t>(n);
    }
    bytes.remove_prefix(sent);
  }
}

std::size_t Stream::read(std::span<char> into) {
  if (ssl_) {
    std::size_t got = 0;
    if (SSL_read_ex(ssl_.get(), into.data(), into.size(), &got) == 1) return got;
    if (SSL_get_error(ssl_.get(), 0) == SSL_ERROR_ZERO_RETURN) return 0;
    fail("read");
  }
  const auto n = ::recv(fd_.get(), into.data(), into.size(), 0);
  if (n < 0) fail("read");
  return static_cast<std::size_t>(n);
}
}  // namespace hivemind::bench
