#include "net/upstream_tls.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdlib>

namespace hivemind {

namespace {
// The hashed directory is read certificate by certificate when one is needed; the bundle file costs megabytes at once.
bool load_system_roots(SSL_CTX* context) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  const char* named_file = std::getenv(X509_get_default_cert_file_env());
  const char* named_dir = std::getenv(X509_get_default_cert_dir_env());
  if (named_file || named_dir) return SSL_CTX_set_default_verify_paths(context) == 1;
  if (::access("/etc/ssl/certs", R_OK | X_OK) == 0) return X509_STORE_load_path(store, "/etc/ssl/certs") == 1;
  return SSL_CTX_set_default_verify_paths(context) == 1;
}
}  // namespace

Result<SSL_CTX*> UpstreamTls::context(const std::string& ca_file) {
  if (const auto found = contexts_.find(ca_file); found != contexts_.end()) return found->second.get();
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  static constexpr unsigned char alpn[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context.get(), alpn, sizeof alpn - 1);
  const bool loaded = ca_file.empty() ? load_system_roots(context.get())
                                      : SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) == 1;
  if (!loaded) {
    ERR_clear_error();
    spdlog::error("upstream roots cannot be read file={}", ca_file.empty() ? "system" : ca_file);
    return make_error_code(boost::system::errc::no_such_file_or_directory);
  }
  SSL_CTX* borrowed = context.get();
  contexts_.emplace(ca_file, std::move(context));
  return borrowed;
}
}  // namespace hivemind
