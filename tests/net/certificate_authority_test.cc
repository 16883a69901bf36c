// The local CA: what verifiers accept of it and what they must refuse, and what is left on the disk.
#include "net/certificate_authority.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "net/certificate_generation.h"
#include "tests/net/temporary_directory.h"

namespace hivemind {
namespace {
namespace fs = std::filesystem;

using ContextPtr = std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, OpensslFree<SSL_SESSION_free>>;
using TlsPtr = std::unique_ptr<SSL, OpensslFree<SSL_free>>;
using StorePtr = std::unique_ptr<X509_STORE, OpensslFree<X509_STORE_free>>;
using VerifyPtr = std::unique_ptr<X509_STORE_CTX, OpensslFree<X509_STORE_CTX_free>>;
using ChainPtr = std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * chain) { sk_X509_free(chain); })>;

constexpr std::int64_t day = 24 * 3600;
const std::vector<std::string> hosts{"api.anthropic.com", "*.openai.azure.com", "localhost", "127.0.0.1", "::1"};

std::string slurp(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> generations(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().filename() != "roots.pem") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The verdict of a strict OpenSSL that trusts the roots in `pem` and is asked for `host`.
std::string verdict(const std::string& pem, X509* leaf, X509* intermediate, const std::string& host) {
  const StorePtr store(X509_STORE_new());
  for (std::size_t i = 0;; ++i) {
    const auto root = certificate_from_pem(pem, i);
    if (!root) break;
    X509_STORE_add_cert(store.get(), root.get());
  }
  const ChainPtr chain(sk_X509_new_null());
  sk_X509_push(chain.get(), intermediate);
  const VerifyPtr verify(X509_STORE_CTX_new());
  X509_STORE_CTX_init(verify.get(), store.get(), leaf, chain.get());
  X509_VERIFY_PARAM* wanted = X509_STORE_CTX_get0_param(verify.get());
  X509_VERIFY_PARAM_set_flags(wanted, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_purpose(wanted, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size());
  X509_verify_cert(verify.get());
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(verify.get()));
}

std::string verdict(const CertificateAuthority& ca, SSL_CTX* context, const std::string& host) {
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context, &chain);
  if (sk_X509_num(chain) != 1) return "not one intermediate";
  return verdict(slurp(ca.roots()), SSL_CTX_get0_certificate(context), sk_X509_value(chain, 0), host);
}

std::string issued_by(SSL_CTX* context) {
  std::array<char, 256> name{};
  X509_NAME_oneline(X509_get_issuer_name(SSL_CTX_get0_certificate(context)), name.data(), name.size());
  return name.data();
}

// Shakes hands in memory. Null when it failed.
struct Handshake {
  TlsPtr client, server;
  bool done = false;
};
Handshake shake(SSL_CTX* client_context, SSL_CTX* server_context, SSL_SESSION* resumed = nullptr,
                const std::string& alpn = "") {
  Handshake h{TlsPtr(SSL_new(client_context)), TlsPtr(SSL_new(server_context))};
  BIO *one = nullptr, *two = nullptr;
  BIO_new_bio_pair(&one, 0, &two, 0);
  SSL_set_bio(h.client.get(), one, one);
  SSL_set_bio(h.server.get(), two, two);
  SSL_set_connect_state(h.client.get());
  SSL_set_accept_state(h.server.get());
  SSL_set_tlsext_host_name(h.client.get(), "api.anthropic.com");
  if (resumed) SSL_set_session(h.client.get(), resumed);
  if (!alpn.empty())
    SSL_set_alpn_protos(h.client.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned>(alpn.size()));
  int client = 0, server = 0;
  for (int i = 0; i < 20 && (client != 1 || server != 1); ++i) {
    client = SSL_do_handshake(h.client.get());
    server = SSL_do_handshake(h.server.get());
  }
  h.done = client == 1 && server == 1;
  char byte = 'x';
  if (h.done) {  // brings the session tickets along
    SSL_write(h.server.get(), &byte, 1);
    SSL_read(h.client.get(), &byte, 1);
  }
  ERR_clear_error();
  return h;
}

class CertificateAuthorityTest : public testing::Test {
protected:
  TemporaryDirectory here_;
  fs::path directory_ = here_.path() / "ca";
  std::int64_t now_ = CertificateAuthority::unix_now();
};

TEST_F(CertificateAuthorityTest, StrictVerifiersAcceptItsLeaves) {
  auto ca = CertificateAuthority::open(directory_, hosts, now_);
  for (const std::string host : {"api.anthropic.com", "mine.openai.azure.com", "a.b.openai.azure.com", "localhost"}) {
    SCOPED_TRACE(host);
    SSL_CTX* context = ca.server_context(host, now_);
    ASSERT_NE(context, nullptr);
    EXPECT_EQ(verdict(ca, context, host), "ok");
    EXPECT_EQ(verdict(ca, context, "other.example.com"), "hostname mismatch");
    EXPECT_EQ(ca.server_context(host, now_), context) << "cached";
    const auto validity = validity_of(SSL_CTX_get0_certificate(context));
    EXPECT_LE(validity.until - validity.from, 3 * day);
    EXPECT_GE(validity.until - now_, 2 * day);
  }
}

TEST_F(CertificateAuthorityTest, ServesOnlyWhatIsConfigured) {
  auto ca = CertificateAuthority::open(directory_, hosts, now_);
  for (const std::string host :
       {"evil.example.com", "anthropic.com", "evil-api.anthropic.com", "x.api.anthropic.com", "openai.azure.com",
        "127.0.0.1", "::1", "", "API.ANTHROPIC.COM", "a,DNS:evil.com.openai.azure.com", "a..openai.azure.com"}) {
    SCOPED_TRACE(host);
    EXPECT_FALSE(ca.covers(host));
    EXPECT_EQ(ca.server_context(host, now_), nullptr);
  }
}

// Who steals the intermediate's key from the disk can sign, but no verifier believes it for other hosts.
TEST_F(CertificateAuthorityTest, AStolenKeyIsHeldToTheHosts) {
  auto ca = CertificateAuthority::open(directory_, hosts, now_);
  const auto stolen = CertificateGeneration::load(generations(directory_).at(0));
  ASSERT_TRUE(stolen.has_value());
  const auto key = make_key();
  const auto sign = [&](const std::string& host) {
    return make_leaf(key.get(), host, {now_ - 60, now_ + day}, stolen->intermediate.get(), stolen->key.get());
  };
  const auto roots = slurp(ca.roots());
  const auto check = [&](const std::string& host) {
    return verdict(roots, sign(host).get(), stolen->intermediate.get(), host);
  };
  EXPECT_EQ(check("api.anthropic.com"), "ok");
  EXPECT_EQ(check("evil.example.com"), "permitted subtree violation");
  EXPECT_EQ(check("azure.com"), "permitted subtree violation");
  EXPECT_EQ(check("evilapi.anthropic.com"), "permitted subtree violation");
  const auto address = make_leaf(key.get(), "127.0.0.1,IP:192.0.2.1", {now_ - 60, now_ + day},
                                 stolen->intermediate.get(), stolen->key.get());
  EXPECT_NE(verdict(roots, address.get(), stolen->intermediate.get(), "127.0.0.1"), "ok");
  // Nor can it make another CA below itself.
  const auto sub_key = make_key();
  const auto sub = make_intermediate(sub_key.get(), "sub", {"api.anthropic.com"}, {now_ - 60, now_ + day},
                                     stolen->intermediate.get(), stolen->key.get());
  const auto leaf = make_leaf(key.get(), "api.anthropic.com", {now_ - 60, now_ + day}, sub.get(), sub_key.get());
  const auto with_both = roots + to_pem(stolen->intermediate.get());
  EXPECT_NE(verdict(with_both, leaf.get(), sub.get(), "api.anthropic.com"), "ok");
}

TEST_F(CertificateAuthorityTest, NoRootKeyOnDiskAndTheOtherIsPrivate) {
  auto ca = CertificateAuthority::open(directory_, hosts, now_);
  struct stat found {};
  ASSERT_EQ(::stat(directory_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0700u);
  const auto root = certificate_from_pem(slurp(ca.roots()));
  ASSERT_TRUE(root);
  std::size_t keys = 0;
  for (const auto& entry : fs::directory_iterator(directory_)) {
    SCOPED_TRACE(entry.path());
    auto text = slurp(entry.path());
    for (auto at = text.find("PRIVATE KEY"); at != text.npos; at = text.find("PRIVATE KEY", at + 1)) ++keys;
    const auto key = key_from_pem(text);
    if (!key) continue;
    EXPECT_EQ(EVP_PKEY_eq(key.get(), X509_get0_pubkey(root.get())), 0) << "the root's key";
    ASSERT_EQ(::stat(entry.path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0600u);
  }
  EXPECT_EQ(keys, 2u) << "BEGIN and END of one key";
}

TEST_F(CertificateAuthorityTest, OpenedAgainItIsTheSame) {
  std::string roots;
  {
    auto ca = CertificateAuthority::open(directory_, hosts, now_);
    roots = slurp(ca.roots());
  }
  auto again = CertificateAuthority::open(directory_, hosts, now_ + day);
  EXPECT_EQ(slurp(again.roots()), roots);
  EXPECT_EQ(generations(directory_).size(), 1u);
  EXPECT_EQ(verdict(again, again.server_context("api.anthropic.com", now_), "api.anthropic.com"), "ok");
}

TEST_F(CertificateAuthorityTest, ChangedHostsMakeAGenerationAndKeepTheOldRoot) {
  auto ca = CertificateAuthority::open(directory_, hosts, now_);
  const auto old_roots = slurp(ca.roots());
  const auto old_issuer = issued_by(ca.server_context("api.anthropic.com", now_));
  auto more = hosts;
  more.push_back("llm.example.com");
  EXPECT_TRUE(ca.renew(more, now_ + 60));
  EXPECT_EQ(generations(directory_).size(), 2u);
  EXPECT_NE(slurp(ca.roots()).find(old_roots), std::string::npos);
  EXPECT_EQ(issued_by(ca.server_context("api.anthropic.com", now_ + 60)), old_issuer)
      << "an agent started before trusts only the old root";
  SSL_CTX* added = ca.server_context("llm.example.com", now_ + 60);
  ASSERT_NE(added, nullptr);
  EXPECT_NE(issued_by(added), old_issuer);
  EXPECT_TRUE(ca.renew(hosts, now_ + 120)) << "back to the first hosts";
  EXPECT_EQ(generations(directory_).size(), 2u);
  EXPECT_EQ(ca.server_context("llm.example.com", now_ + 120), nullptr) << "no longer configured";
}

TEST_F(CertificateAuthorityTest, RenewedInTimeAndDroppedAtItsEnd) {
  auto ca = CertificateAuthority::open(directory_, hosts, now_);
  const auto first = generations(directory_);
  const auto first_issuer = issued_by(ca.server_context("localhost", now_));
  EXPECT_TRUE(ca.renew(hosts, now_ + 19 * day));
  EXPECT_EQ(generations(directory_).size(), 1u);
  EXPECT_TRUE(ca.renew(hosts, now_ + 21 * day));
  EXPECT_EQ(generations(directory_).size(), 2u);
  EXPECT_EQ(issued_by(ca.server_context("localhost", now_ + 29 * day)), first_issuer);
  EXPECT_GT(ca.expires(), now_ + 50 * day);
  EXPECT_TRUE(ca.renew(hosts, now_ + 30 * day));
  EXPECT_EQ(generations(directory_).size(), 1u);
  EXPECT_NE(generations(directory_), first);
  EXPECT_NE(issued_by(ca.server_context("localhost", now_ + 30 * day)), first_issuer);
  std::size_t roots = 0;
  while (certificate_from_pem(slurp(ca.roots()), roots)) ++roots;
  EXPECT_EQ(roots, 1u);
}

TEST_F(CertificateAuthorityTest, LeavesAreRenewedBeforeTheyEnd) {
  auto ca = CertificateAuthority::open(directory_, hosts, now_);
  const auto serial = [&](std::int64_t at) {
    const ASN1_INTEGER* number = X509_get0_serialNumber(SSL_CTX_get0_certificate(ca.server_context("localhost", at)));
    return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(number)),
                       static_cast<std::size_t>(ASN1_STRING_length(number)));
  };
  const auto first = serial(now_);
  EXPECT_EQ(serial(now_ + day), first);
  EXPECT_NE(serial(now_ + 2 * day), first);
  for (std::int64_t at = now_; at < now_ + 30 * day - 3600; at += day / 2) {
    const auto validity = validity_of(SSL_CTX_get0_certificate(ca.server_context("localhost", at)));
    EXPECT_LT(at, validity.until);
    EXPECT_GE(at, validity.from);
  }
}

TEST_F(CertificateAuthorityTest, BrokenFilesAreReplaced) {
  const struct {
    const char* name;
    void (*harm)(const fs::path&);
  } cases[] = {
      {"emptied", [](const fs::path& file) { fs::resize_file(file, 0); }},
      {"cut short", [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) / 2); }},
      {"garbage", [](const fs::path& file) { std::ofstream(file) << "no PEM at all\n"; }},
      {"open to others", [](const fs::path& file) { fs::permissions(file, fs::perms(0644)); }},
      {"another's key",
       [](const fs::path& file) {
         auto text = slurp(file);
         text.replace(0, text.find("-----BEGIN CERTIFICATE"), to_pem(make_key().get()));
         std::ofstream(file) << text;
       }},
      {"a directory",
       [](const fs::path& file) {
         fs::remove(file);
         fs::create_directory(file);
       }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    TemporaryDirectory here;
    const auto directory = here.path() / "ca";
    CertificateAuthority::open(directory, hosts, now_);
    const auto broken = generations(directory).at(0);
    c.harm(broken);
    std::ofstream(directory / "roots.pem") << "half a root";
    auto ca = CertificateAuthority::open(directory, hosts, now_);
    const auto after = generations(directory);
    ASSERT_EQ(after.size(), 1u);
    EXPECT_NE(after[0], broken);
    EXPECT_EQ(verdict(ca, ca.server_context("localhost", now_), "localhost"), "ok");
  }
}

TEST_F(CertificateAuthorityTest, AnUnusableDirectoryIsOneSentence) {
  std::ofstream(directory_) << "a file";
  EXPECT_THROW(CertificateAuthority::open(directory_, hosts, now_), std::runtime_error);
  fs::remove(directory_);
  fs::create_directory(directory_);
  fs::permissions(directory_, fs::perms(0755));
  try {
    CertificateAuthority::open(directory_, hosts, now_);
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("chmod 700"), std::string::npos);
  }
}

TEST_F(CertificateAuthorityTest, WithoutNamesNothingIsPermitted) {
  auto ca = CertificateAuthority::open(directory_, {"127.0.0.1"}, now_);
  EXPECT_TRUE(generations(directory_).empty());
  EXPECT_EQ(slurp(ca.roots()), "");
}

TEST_F(CertificateAuthorityTest, HandshakesResumeAndSpeakHttp1) {
  auto ca = CertificateAuthority::open(directory_, hosts, now_);
  const ContextPtr client(SSL_CTX_new(TLS_client_method()));
  ASSERT_EQ(SSL_CTX_load_verify_file(client.get(), ca.roots().c_str()), 1);
  SSL_CTX_set_verify(client.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(client.get(), SSL_SESS_CACHE_CLIENT);
  SSL_CTX* server = ca.server_context("api.anthropic.com", now_);
  const auto first = shake(client.get(), server, nullptr, "\x02h2\x08http/1.1");
  ASSERT_TRUE(first.done);
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(first.client.get(), &protocol, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(protocol), size), "http/1.1");
  EXPECT_FALSE(SSL_session_reused(first.client.get()));
  const SessionPtr session(SSL_get1_session(first.client.get()));
  const auto second = shake(client.get(), server, session.get());
  ASSERT_TRUE(second.done);
  EXPECT_TRUE(SSL_session_reused(second.client.get()));
  EXPECT_FALSE(shake(client.get(), server, nullptr, "\x02h2").done) << "h2 alone is refused, not served as HTTP/1.1";
  SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
  EXPECT_TRUE(shake(client.get(), server).done);
  SSL_CTX_set_security_level(client.get(), 0);
  SSL_CTX_set_min_proto_version(client.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(client.get(), TLS1_1_VERSION);
  EXPECT_FALSE(shake(client.get(), server).done);
}

TEST_F(CertificateAuthorityTest, APatternsNamesDoNotFillTheMemory) {
  auto ca = CertificateAuthority::open(directory_, hosts, now_);
  const TlsPtr kept(SSL_new(ca.server_context("localhost", now_)));
  for (int i = 0; i < 600; ++i)
    ASSERT_NE(ca.server_context("n" + std::to_string(i) + ".openai.azure.com", now_), nullptr);
  EXPECT_NE(SSL_get_certificate(kept.get()), nullptr) << "an SSL keeps what it needs";
}
}  // namespace
}  // namespace hivemind
