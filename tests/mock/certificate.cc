#include "tests/mock/certificate.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace hivemind::mock {
namespace {
template <auto Free>
struct Freed {
  void operator()(auto* p) const noexcept { Free(p); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using FilePtr = std::unique_ptr<std::FILE, Freed<std::fclose>>;

void check(bool good, const std::string& what) {
  if (good) return;
  const auto code = ERR_get_error();
  throw std::runtime_error(what + (code ? std::string(": ") + ERR_reason_error_string(code) : ""));
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  check(extension && X509_add_ext(certificate, extension.get(), -1), "certificate extension '" + value + "'");
}

CertificatePtr make_certificate(const char* name, EVP_PKEY* key, X509* issuer) {
  CertificatePtr certificate(X509_new());
  unsigned char serial[8];
  check(certificate && RAND_bytes(serial, sizeof serial) == 1, "certificate");
  std::uint64_t number = 0;
  for (const auto byte : serial) number = number << 8 | byte;
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), number >> 1);
  X509_set_version(certificate.get(), 2);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 90L * 24 * 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer ? issuer : certificate.get()));
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

FilePtr open_file(const std::string& path) {
  FilePtr file(std::fopen(path.c_str(), "w"));
  check(file != nullptr, "cannot write " + path);
  return file;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) {
    unsigned char address[16];
    const bool ip = inet_pton(AF_INET, name.c_str(), address) == 1 || inet_pton(AF_INET6, name.c_str(), address) == 1;
    text += (text.empty() ? "" : ",") + std::string(ip ? "IP:" : "DNS:") + name;
  }
  return text;
}
}  // namespace

void write_certificate(const std::string& directory, const std::vector<std::string>& names) {
  if (names.empty()) throw std::runtime_error("a certificate needs at least one name");
  const KeyPtr ca_key(EVP_EC_gen("P-256")), key(EVP_EC_gen("P-256"));
  check(ca_key && key, "key");
  const auto ca = make_certificate("hivemind-mock test CA", ca_key.get(), nullptr);
  add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
  check(X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0, "signature");

  const auto leaf = make_certificate("hivemind-mock", key.get(), ca.get());
  add_extension(leaf.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(leaf.get(), ca.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(leaf.get(), ca.get(), NID_ext_key_usage, "serverAuth");
  add_extension(leaf.get(), ca.get(), NID_subject_key_identifier, "hash");
  add_extension(leaf.get(), ca.get(), NID_authority_key_identifier, "keyid");
  add_extension(leaf.get(), ca.get(), NID_subject_alt_name, alternative_names(names));
  check(X509_sign(leaf.get(), ca_key.get(), EVP_sha256()) > 0, "signature");

  check(PEM_write_X509(open_file(directory + "/ca.pem").get(), ca.get()), "ca.pem");
  const auto chain = open_file(directory + "/cert.pem");
  check(PEM_write_X509(chain.get(), leaf.get()) && PEM_write_X509(chain.get(), ca.get()), "cert.pem");
  const auto key_file = open_file(directory + "/key.pem");
  ::fchmod(::fileno(key_file.get()), 0600);
  check(PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), "key.pem");
}
}  // namespace hivemind::mock
