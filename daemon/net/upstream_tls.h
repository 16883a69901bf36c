// upstream_tls.h - client-side TLS contexts: full verification, TLS 1.2 or newer, ALPN http/1.1.
// No weaker than a direct connection: chain and name are checked, there is no fallback.
#pragma once
#include <openssl/ssl.h>

#include <map>
#include <memory>
#include <string>

#include "core/errors.h"
#include "net/stream.h"

namespace hivemind {

class UpstreamTls {
public:
  // `ca_file` empty: the system's roots. Borrowed; lives as long as this object. Errors: the file cannot be read.
  Result<SSL_CTX*> context(const std::string& ca_file);
  // After a reload: files may have changed. Contexts in use stay alive through their connections.
  void forget() { contexts_.clear(); }

private:
  using ContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
  std::map<std::string, ContextPtr> contexts_;
};
}  // namespace hivemind
