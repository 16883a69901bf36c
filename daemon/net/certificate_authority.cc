#include "net/certificate_authority.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <unordered_map>

#include "core/dialect.h"
#include "net/certificate_generation.h"

namespace hivemind {
namespace {
namespace fs = std::filesystem;

constexpr std::int64_t hour = 3600, day = 24 * hour;
constexpr std::int64_t backdated = hour;  // for clocks that are set back a little
constexpr std::int64_t generation_life = 30 * day - backdated, renew_before = 10 * day;
constexpr std::int64_t leaf_life = 3 * day - backdated, leaf_renew_before = day;
constexpr std::size_t most_leaves = 256;  // a pattern's names are the client's to choose

using ContextPtr = std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>>;

// Letters, digits, '-', '_' and single dots; the last label is no number, as an address's would be.
bool is_dns_name(std::string_view name) {
  if (name.empty() || name.size() > 253 || name.front() == '.' || name.back() == '.') return false;
  if (name.find("..") != name.npos) return false;
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") != name.npos) return false;
  return name.substr(name.rfind('.') + 1).find_first_not_of("0123456789") != name.npos;
}

std::vector<std::string> domains_of(const std::vector<std::string>& hosts) {
  std::vector<std::string> domains;
  for (const auto& host : hosts) {
    std::string domain = host.starts_with("*.") ? host.substr(2) : host;
    if (is_dns_name(domain)) domains.push_back(std::move(domain));
  }
  std::sort(domains.begin(), domains.end());
  domains.erase(std::unique(domains.begin(), domains.end()), domains.end());
  return domains;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int length, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* picked = nullptr;
  if (SSL_select_next_proto(&picked, size, ours, sizeof ours - 1, offered, length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = picked;
  return SSL_TLSEXT_ERR_OK;
}

ContextPtr make_context(X509* leaf, EVP_PKEY* key, X509* intermediate) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_use_certificate(context.get(), leaf) != 1 || SSL_CTX_use_PrivateKey(context.get(), key) != 1 ||
      SSL_CTX_add1_chain_cert(context.get(), intermediate) != 1) {
    return nullptr;
  }
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets resume without memory of ours
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  return context;
}
}  // namespace

struct CertificateAuthority::Impl {
  struct Leaf {
    ContextPtr context;
    std::int64_t from, renew_at;
  };
  fs::path directory;
  std::vector<std::string> hosts;
  std::vector<CertificateGeneration> generations;  // oldest first
  std::unordered_map<std::string, Leaf> leaves;

  void load();
  void drop_unusable(std::int64_t now);
  bool renew(const std::vector<std::string>& new_hosts, std::int64_t now);
  bool add_generation(const std::vector<std::string>& domains, std::int64_t now);
  bool write_roots();
};

void CertificateAuthority::Impl::load() {
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(directory, ec)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with("generation-")) continue;
    if (name.ends_with(".new")) {  // of a daemon that died while writing it
      fs::remove(entry.path(), ec);
      continue;
    }
    auto generation = CertificateGeneration::load(entry.path());
    if (generation) {
      generations.push_back(std::move(*generation));
      continue;
    }
    spdlog::warn("CA generation dropped file={} error={}", entry.path().string(), generation.error().message());
    fs::remove(entry.path(), ec);
  }
  std::sort(generations.begin(), generations.end(),
            [](const auto& a, const auto& b) { return a.validity.from < b.validity.from; });
}

void CertificateAuthority::Impl::drop_unusable(std::int64_t now) {
  std::erase_if(generations, [&](const CertificateGeneration& generation) {
    if (generation.usable(now)) return false;
    std::error_code ec;
    fs::remove(generation.file, ec);
    spdlog::info("CA generation ended file={} until={}", generation.file.string(), generation.validity.until);
    return true;
  });
}

bool CertificateAuthority::Impl::add_generation(const std::vector<std::string>& domains, std::int64_t now) {
  auto made = CertificateGeneration::make(domains, {now - backdated, now + generation_life});
  if (const auto saved = made.save(directory); !saved) {
    spdlog::error("CA generation not written directory={} error={}", directory.string(), saved.error().message());
    return false;
  }
  spdlog::info("CA generation made file={} domains={} until={}", made.file.string(), domains.size(),
               made.validity.until);
  generations.push_back(std::move(made));
  return true;
}

bool CertificateAuthority::Impl::write_roots() {
  std::string pem;
  for (const auto& generation : generations) pem += to_pem(generation.root.get());
  std::ifstream in(directory / "roots.pem", std::ios::binary);
  if (in && std::string(std::istreambuf_iterator<char>(in), {}) == pem) return true;
  const auto written = write_atomically(directory / "roots.pem", pem, 0644);
  if (!written)
    spdlog::error("CA roots not written directory={} error={}", directory.string(), written.error().message());
  return written.has_value();
}

bool CertificateAuthority::Impl::renew(const std::vector<std::string>& new_hosts, std::int64_t now) {
  if (hosts != new_hosts) leaves.clear();
  hosts = new_hosts;
  drop_unusable(now);
  const auto domains = domains_of(hosts);
  const bool have = std::any_of(generations.begin(), generations.end(), [&](const CertificateGeneration& generation) {
    return generation.domains == domains && generation.validity.until - now >= renew_before;
  });
  // Without a domain there would be nothing to permit, and so nothing forbidden.
  const bool made = have || domains.empty() || add_generation(domains, now);
  return write_roots() && made;
}

CertificateAuthority::CertificateAuthority(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

CertificateAuthority CertificateAuthority::open(fs::path directory, const std::vector<std::string>& hosts,
                                                std::int64_t now_unix) {
  const auto refuse = [&](const std::string& why) {
    throw std::runtime_error("the CA directory " + directory.string() + " cannot be used: " + why);
  };
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) refuse(std::strerror(errno));
  struct stat found {};
  if (::lstat(directory.c_str(), &found) != 0) refuse(std::strerror(errno));
  if (!S_ISDIR(found.st_mode)) refuse("it is no directory; remove it");
  if (found.st_uid != ::geteuid() || (found.st_mode & 0077) != 0)
    refuse("it must belong to you and be closed to others (chmod 700)");
  auto impl = std::make_unique<Impl>();
  impl->directory = std::move(directory);
  impl->load();
  if (!impl->renew(hosts, now_unix)) {
    throw std::runtime_error("the CA directory " + impl->directory.string() +
                             " cannot be written (see the log); free space or fix its permissions");
  }
  return CertificateAuthority(std::move(impl));
}

bool CertificateAuthority::renew(const std::vector<std::string>& hosts, std::int64_t now_unix) {
  return impl_->renew(hosts, now_unix);
}

fs::path CertificateAuthority::roots() const { return impl_->directory / "roots.pem"; }

bool CertificateAuthority::covers(const std::string& host) const {
  return is_dns_name(host) && std::any_of(impl_->hosts.begin(), impl_->hosts.end(),
                                          [&](const auto& pattern) { return host_matches(pattern, host); });
}

SSL_CTX* CertificateAuthority::server_context(const std::string& host, std::int64_t now_unix) {
  if (!covers(host)) return nullptr;
  if (const auto found = impl_->leaves.find(host); found != impl_->leaves.end()) {
    // The clock may also have been set back.
    if (found->second.from <= now_unix && now_unix < found->second.renew_at) return found->second.context.get();
    impl_->leaves.erase(found);
  }
  const auto generation =
      std::find_if(impl_->generations.begin(), impl_->generations.end(),
                   [&](const auto& candidate) { return candidate.usable(now_unix) && candidate.covers(host); });
  if (generation == impl_->generations.end()) return nullptr;
  const std::int64_t until = std::min(now_unix + leaf_life, generation->validity.until);
  const auto from = std::max(now_unix - backdated, generation->validity.from);
  const KeyPtr key = make_key();
  const auto leaf = make_leaf(key.get(), host, {from, until}, generation->intermediate.get(), generation->key.get());
  auto context = make_context(leaf.get(), key.get(), generation->intermediate.get());
  if (!context) {
    spdlog::error("TLS context not made host={}", host);
    return nullptr;
  }
  if (impl_->leaves.size() >= most_leaves) impl_->leaves.clear();
  // A leaf that ends with its generation is kept to that end: the next one comes from another generation.
  const auto renew_at = until == generation->validity.until ? until : until - leaf_renew_before;
  return impl_->leaves.emplace(host, Impl::Leaf{std::move(context), from, renew_at}).first->second.context.get();
}

std::int64_t CertificateAuthority::expires() const {
  std::int64_t latest = 0;
  for (const auto& generation : impl_->generations) latest = std::max(latest, generation.validity.until);
  return latest;
}
}  // namespace hivemind
