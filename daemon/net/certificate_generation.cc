#include "net/certificate_generation.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "net/unique_fd.h"

namespace hivemind {
namespace {

constexpr off_t largest_file = 1 << 20;

error_code last_error() { return {errno, boost::system::system_category()}; }
error_code broken(boost::system::errc::errc_t what) { return boost::system::errc::make_error_code(what); }

error_code write_all(int fd, std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t written = ::write(fd, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return last_error();
    contents.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0 ? error_code() : last_error();
}

// Of a private file only: one that others can read or could have written is not believed.
Result<std::string> read_private(const std::filesystem::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat found {};
  if (!fd || ::fstat(fd.get(), &found) != 0) return last_error();
  if (!S_ISREG(found.st_mode) || found.st_size > largest_file) return broken(boost::system::errc::bad_file_descriptor);
  if (found.st_uid != ::geteuid() || (found.st_mode & 0077) != 0)
    return broken(boost::system::errc::operation_not_permitted);
  std::string contents(static_cast<std::size_t>(found.st_size), '\0');
  std::size_t have = 0;
  while (have < contents.size()) {
    const ssize_t got = ::read(fd.get(), contents.data() + have, contents.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_error();
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  contents.resize(have);
  return contents;
}

// The first four bytes of the serial, to tell generations apart.
std::string short_name(X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  std::string name;
  for (int i = 0; i < 4 && i < ASN1_STRING_length(serial); ++i) {
    std::array<char, 3> hex{};
    std::snprintf(hex.data(), hex.size(), "%02x", ASN1_STRING_get0_data(serial)[i]);
    name += hex.data();
  }
  return name;
}
}  // namespace

Result<void> write_atomically(const std::filesystem::path& file, std::string_view contents, unsigned mode) {
  const std::string temporary = file.string() + ".new";
  ::unlink(temporary.c_str());  // of a writer that died
  const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd) return last_error();
  error_code ec = write_all(fd.get(), contents);
  if (!ec && ::rename(temporary.c_str(), file.c_str()) != 0) ec = last_error();
  if (!ec) return {};
  ::unlink(temporary.c_str());
  return ec;
}

bool CertificateGeneration::covers(std::string_view host) const {
  for (const auto& domain : domains) {
    if (host == domain) return true;
    if (host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.')
      return true;
  }
  return false;
}

CertificateGeneration CertificateGeneration::make(const std::vector<std::string>& domains, Validity validity) {
  CertificateGeneration made;
  made.domains = domains;
  made.validity = validity;
  made.key = make_key();
  const KeyPtr root_key = make_key();  // its one signature is made here; OpenSSL wipes it when it is freed
  // Old verifiers choose an issuer by its name alone, so no two generations share one.
  const std::string suffix = short_name(make_root(root_key.get(), "HiveMind", validity).get());
  made.root = make_root(root_key.get(), "HiveMind local root " + suffix, validity);
  made.intermediate = make_intermediate(made.key.get(), "HiveMind local intermediate " + suffix, domains, validity,
                                        made.root.get(), root_key.get());
  return made;
}

Result<void> CertificateGeneration::save(const std::filesystem::path& directory) {
  file = directory / ("generation-" + std::to_string(validity.from) + "-" + short_name(intermediate.get()) + ".pem");
  std::string contents = to_pem(key.get());
  contents.reserve(contents.size() + 8192);
  contents += to_pem(intermediate.get()) + to_pem(root.get());
  const auto saved = write_atomically(file, contents, 0600);
  OPENSSL_cleanse(contents.data(), contents.size());
  return saved;
}

Result<CertificateGeneration> CertificateGeneration::load(const std::filesystem::path& file) {
  auto contents = read_private(file);
  if (!contents) return contents.error();
  CertificateGeneration loaded;
  loaded.file = file;
  loaded.key = key_from_pem(*contents);
  loaded.intermediate = certificate_from_pem(*contents, 0);
  loaded.root = certificate_from_pem(*contents, 1);
  OPENSSL_cleanse(contents->data(), contents->size());
  X509 *root = loaded.root.get(), *intermediate = loaded.intermediate.get();
  if (!loaded.key || !root || !intermediate) return broken(boost::system::errc::bad_message);
  EVP_PKEY* root_key = X509_get0_pubkey(root);
  if (X509_check_private_key(intermediate, loaded.key.get()) != 1 || X509_verify(root, root_key) != 1 ||
      X509_verify(intermediate, root_key) != 1) {
    return broken(boost::system::errc::bad_message);
  }
  loaded.domains = permitted_domains(intermediate);
  if (loaded.domains.empty()) return broken(boost::system::errc::bad_message);
  loaded.validity = validity_of(intermediate);
  return loaded;
}
}  // namespace hivemind
