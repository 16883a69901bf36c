#include "net/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace hivemind {
namespace {

using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>>;
using ConstraintsPtr = std::unique_ptr<NAME_CONSTRAINTS, OpensslFree<NAME_CONSTRAINTS_free>>;
using NamePtr = std::unique_ptr<GENERAL_NAME, OpensslFree<GENERAL_NAME_free>>;
using SubtreePtr = std::unique_ptr<GENERAL_SUBTREE, OpensslFree<GENERAL_SUBTREE_free>>;

void require(bool done, const char* what) {
  if (done) return;
  std::array<char, 128> reason{};
  ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
  throw std::runtime_error(std::string("OpenSSL: ") + what + ": " + reason.data());
}

void add_name(X509_NAME* name, const char* field, std::string_view value) {
  require(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                     static_cast<int>(value.size()), -1, 0) == 1,
          "name");
}

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

// Everything but the extensions that tell the three kinds apart. `issuer` null: self-signed.
CertificatePtr start(EVP_PKEY* key, std::string_view common_name, Validity validity, X509* issuer) {
  CertificatePtr certificate(X509_new());
  require(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1, "certificate");
  std::array<unsigned char, 16> serial{};
  require(RAND_bytes(serial.data(), serial.size()) == 1, "random serial");
  serial[0] = static_cast<unsigned char>((serial[0] & 0x3F) | 0x40);  // positive and 16 bytes long
  std::unique_ptr<BIGNUM, OpensslFree<BN_free>> number(BN_bin2bn(serial.data(), serial.size(), nullptr));
  require(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())), "serial");
  const auto from = static_cast<time_t>(validity.from), until = static_cast<time_t>(validity.until);
  require(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), from) &&
              ASN1_TIME_set(X509_getm_notAfter(certificate.get()), until),
          "validity");
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  add_name(subject, "O", "HiveMind");
  if (common_name.size() <= 64) add_name(subject, "CN", common_name);
  require(X509_set_issuer_name(certificate.get(), issuer ? X509_get_subject_name(issuer) : subject) == 1, "issuer");
  require(X509_set_pubkey(certificate.get(), key) == 1, "public key");
  add_extension(certificate.get(), issuer, NID_subject_key_identifier, "hash");
  add_extension(certificate.get(), issuer ? issuer : certificate.get(), NID_authority_key_identifier, "keyid:always");
  return certificate;
}

CertificatePtr sign(CertificatePtr certificate, EVP_PKEY* key) {
  require(X509_sign(certificate.get(), key, EVP_sha256()) > 0, "signature");
  return certificate;
}

void add_subtree(STACK_OF(GENERAL_SUBTREE) * &trees, NamePtr name) {
  if (!trees) trees = sk_GENERAL_SUBTREE_new_null();
  SubtreePtr tree(GENERAL_SUBTREE_new());
  require(trees && tree, "name constraint");
  GENERAL_NAME_free(tree->base);
  tree->base = name.release();
  require(sk_GENERAL_SUBTREE_push(trees, tree.get()) > 0, "name constraint");
  (void)tree.release();
}

void constrain(X509* certificate, const std::vector<std::string>& domains) {
  const ConstraintsPtr constraints(NAME_CONSTRAINTS_new());
  require(constraints != nullptr, "name constraints");
  for (const auto& domain : domains) {
    NamePtr name(GENERAL_NAME_new());
    auto* text = ASN1_IA5STRING_new();
    require(name && text && ASN1_STRING_set(text, domain.data(), static_cast<int>(domain.size())) == 1, "domain");
    GENERAL_NAME_set0_value(name.get(), GEN_DNS, text);
    add_subtree(constraints->permittedSubtrees, std::move(name));
  }
  // Address and mask of zeros: every IPv4, every IPv6 address. A kind of name without a constraint would be free.
  for (const int size : {8, 32}) {
    NamePtr name(GENERAL_NAME_new());
    auto* bytes = ASN1_OCTET_STRING_new();
    const std::array<unsigned char, 32> zeros{};
    require(name && bytes && ASN1_OCTET_STRING_set(bytes, zeros.data(), size) == 1, "address");
    GENERAL_NAME_set0_value(name.get(), GEN_IPADD, bytes);
    add_subtree(constraints->excludedSubtrees, std::move(name));
  }
  require(X509_add1_ext_i2d(certificate, NID_name_constraints, constraints.get(), 1, X509V3_ADD_DEFAULT) == 1,
          "name constraints");
}

BioPtr borrow(std::string_view pem) { return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

std::string take(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<std::size_t>(size));
  OPENSSL_cleanse(bytes, static_cast<std::size_t>(size));
  return text;
}

std::int64_t unix_time(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(::timegm(&parts)) : 0;
}
}  // namespace

KeyPtr make_key() {
  KeyPtr key(EVP_EC_gen("P-256"));
  require(key != nullptr, "key");
  return key;
}

CertificatePtr make_root(EVP_PKEY* key, const std::string& name, Validity validity) {
  auto root = start(key, name, validity, nullptr);
  add_extension(root.get(), root.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:1");
  add_extension(root.get(), root.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  return sign(std::move(root), key);
}

CertificatePtr make_intermediate(EVP_PKEY* key, const std::string& name, const std::vector<std::string>& domains,
                                 Validity validity, X509* root, EVP_PKEY* root_key) {
  auto intermediate = start(key, name, validity, root);
  add_extension(intermediate.get(), root, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(intermediate.get(), root, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(intermediate.get(), root, NID_ext_key_usage, "serverAuth");
  constrain(intermediate.get(), domains);
  return sign(std::move(intermediate), root_key);
}

CertificatePtr make_leaf(EVP_PKEY* key, const std::string& host, Validity validity, X509* intermediate,
                         EVP_PKEY* intermediate_key) {
  auto leaf = start(key, host, validity, intermediate);
  add_extension(leaf.get(), intermediate, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(leaf.get(), intermediate, NID_key_usage, "critical,digitalSignature");
  add_extension(leaf.get(), intermediate, NID_ext_key_usage, "serverAuth");
  add_extension(leaf.get(), intermediate, NID_subject_alt_name, ("DNS:" + host).c_str());
  return sign(std::move(leaf), intermediate_key);
}

std::vector<std::string> permitted_domains(X509* intermediate) {
  std::vector<std::string> domains;
  const ConstraintsPtr constraints(
      static_cast<NAME_CONSTRAINTS*>(X509_get_ext_d2i(intermediate, NID_name_constraints, nullptr, nullptr)));
  if (!constraints) return domains;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i)->base;
    if (name->type != GEN_DNS) continue;
    domains.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                         static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  std::sort(domains.begin(), domains.end());
  return domains;
}

Validity validity_of(X509* certificate) {
  return {unix_time(X509_get0_notBefore(certificate)), unix_time(X509_get0_notAfter(certificate))};
}

std::string to_pem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  require(bio && PEM_write_bio_X509(bio.get(), certificate) == 1, "PEM");
  return take(bio.get());
}

std::string to_pem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  require(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "PEM");
  return take(bio.get());
}

CertificatePtr certificate_from_pem(std::string_view pem, std::size_t which) {
  const BioPtr bio = borrow(pem);
  CertificatePtr certificate;
  for (std::size_t i = 0; bio && i <= which; ++i) {
    certificate.reset(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
  }
  ERR_clear_error();
  return certificate;
}

KeyPtr key_from_pem(std::string_view pem) {
  const BioPtr bio = borrow(pem);
  char no_passphrase[] = "";  // never ask on the terminal
  KeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_passphrase) : nullptr);
  ERR_clear_error();
  return key;
}
}  // namespace hivemind
