// stream.h - a blocking byte stream over TCP, with or without TLS, for both ends of the benchmark.
// Invariants: TCP_NODELAY is set; a client verifies the server against the default roots (SSL_CERT_FILE) and its host
// name; every failure throws std::runtime_error, because a benchmark with failures has no result.
#pragma once
#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tests/bench/target.h"
#include "tests/bench/unique_fd.h"

namespace hivemind::bench {

template <auto Free>
struct Freed {
  void operator()(auto* p) const noexcept { Free(p); }
};
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;

SslContextPtr server_context(const std::string& certificate_file, const std::string& key_file);

class Stream {
public:
  // Connects, and shakes hands when the target speaks TLS.
  explicit Stream(const Target& target);
  // The server's end of an accepted connection; `context` is null for plain TCP.
  Stream(UniqueFd fd, SSL_CTX* context);

  void write(std::string_view bytes);
  // 0: the other end is done.
  std::size_t read(std::span<char> into);

private:
  UniqueFd fd_;
  SslPtr ssl_;
};
}  // namespace hivemind::bench
