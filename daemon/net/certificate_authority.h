// certificate_authority.h - the user's own CA: leaves for the configured LLM hosts, and for nothing else.
// A generation is one root and one intermediate for one set of hosts. The root's key signs that intermediate and is
// destroyed; it never reaches a disk. The intermediate is held to the hosts by critical name constraints, lives 30
// days, and its key lies beside it in one 0600 file.
// Invariants: roots() names exactly the roots of every unexpired generation; a leaf comes from the oldest unexpired
// generation that covers its host, so that an agent started under an older root keeps trusting us.
// One process at a time (the daemon holds daemon.lock), on the event-loop thread. Times: seconds since 1970.
#pragma once
#include <openssl/ssl.h>

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace hivemind {

class CertificateAuthority {
public:
  // Reads the generations in `directory` (made if missing, 0700) and makes a new one when none fits `hosts`: names and
  // "*.name" patterns, lower case; what is no DNS name is skipped. Broken files are logged and replaced. Throws
  // std::runtime_error, one sentence, when the directory cannot be used.
  static CertificateAuthority open(std::filesystem::path directory, const std::vector<std::string>& hosts,
                                   std::int64_t now_unix = unix_now());
  CertificateAuthority(CertificateAuthority&&) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
  ~CertificateAuthority();

  // For changed hosts, and to be called about hourly: drops expired generations and makes a new one when `hosts` differ
  // from every generation's or less than ten days are left. False: it could not be written (logged); what was stays.
  bool renew(const std::vector<std::string>& hosts, std::int64_t now_unix = unix_now());

  // PEM of every unexpired root, DIRECTORY/roots.pem; replaced atomically.
  std::filesystem::path roots() const;
  // True when `host` (lower case) matches the current hosts, so that server_context() can serve it.
  bool covers(const std::string& host) const;
  // Server side of TLS for `host`: leaf and intermediate, TLS 1.2 or newer, ALPN http/1.1, session tickets, buffers
  // released when idle. nullptr when not covered. Borrowed until the next call on this object; an SSL made from it
  // keeps what it needs.
  SSL_CTX* server_context(const std::string& host, std::int64_t now_unix = unix_now());

  // When the newest generation ends; for `hivemindctl ca`.
  std::int64_t expires() const;

  static std::int64_t unix_now() { return static_cast<std::int64_t>(std::time(nullptr)); }

private:
  struct Impl;
  explicit CertificateAuthority(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};
}  // namespace hivemind
