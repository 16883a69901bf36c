// certificate.h - the three X.509 certificates of a CA generation, made and read. No files, no policy.
// All are P-256 with SHA-256 and satisfy X509_V_FLAG_X509_STRICT (the default of Python 3.13's ssl).
// Makers throw std::runtime_error when OpenSSL fails, which only a lack of memory or of entropy causes.
#pragma once
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hivemind {

template <auto Free>
struct OpensslFree {
  void operator()(auto* p) const noexcept { Free(p); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, OpensslFree<X509_free>>;

struct Validity {
  std::int64_t from = 0, until = 0;  // seconds since 1970
};

KeyPtr make_key();
// Self-signed; may sign one level of intermediates.
CertificatePtr make_root(EVP_PKEY* key, const std::string& name, Validity validity);
// `domains` are DNS names, bare: each permits itself and what is below it. IP addresses are excluded altogether.
CertificatePtr make_intermediate(EVP_PKEY* key, const std::string& name, const std::vector<std::string>& domains,
                                 Validity validity, X509* root, EVP_PKEY* root_key);
CertificatePtr make_leaf(EVP_PKEY* key, const std::string& host, Validity validity, X509* intermediate,
                         EVP_PKEY* intermediate_key);

// The DNS names that an intermediate's constraints permit, sorted.
std::vector<std::string> permitted_domains(X509* intermediate);
Validity validity_of(X509* certificate);

// PEM. The readers take the first block of their kind in `pem`; nullptr when there is none that can be read.
std::string to_pem(X509* certificate);
std::string to_pem(EVP_PKEY* key);
CertificatePtr certificate_from_pem(std::string_view pem, std::size_t which = 0);
KeyPtr key_from_pem(std::string_view pem);
}  // namespace hivemind
