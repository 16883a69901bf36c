#include "preload/run/bundle.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "preload/run/unique_fd.h"

namespace hivemind::run {
namespace {
constexpr off_t largest_bundle = 64 << 20;

// Whole under `path`, or not there: written beside it, then renamed.
Result<bool> write_atomically(const std::string& path, std::string_view bytes) {
  std::string beside = path + ".XXXXXX";
  const UniqueFd file(::mkostemp(beside.data(), O_CLOEXEC));
  if (!file) return failed_to("write " + path);
  ::fchmod(file.get(), 0644);  // certificates; who may not read them is kept out by the directory
  while (!bytes.empty()) {
    const auto n = ::write(file.get(), bytes.data(), bytes.size());
    if (n <= 0) {
      const Problem problem = failed_to("write " + path);
      ::unlink(beside.c_str());
      return problem;
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::rename(beside.c_str(), path.c_str()) == 0) return true;
  const Problem problem = failed_to("write " + path);
  ::unlink(beside.c_str());
  return problem;
}

std::string identity(const std::string& path, const struct stat& status) {
  return path + '\n' + std::to_string(status.st_dev) + ' ' + std::to_string(status.st_ino) + ' ' +
         std::to_string(status.st_size) + ' ' + std::to_string(status.st_mtim.tv_sec) + '.' +
         std::to_string(status.st_mtim.tv_nsec) + '\n';
}
}  // namespace

Result<std::string> copy_of(const std::string& path, const std::string& directory) {
  const auto bytes = read_pem(path);
  if (!bytes) return bytes;
  std::string copy = directory + "/" + fnv1a_128(*bytes) + ".pem";
  if (::access(copy.c_str(), R_OK) == 0) return copy;
  if (const auto written = write_atomically(copy, *bytes); !written) return Problem{written.problem()};
  return copy;
}

Result<std::string> read_pem(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return failed_to("read " + path);
  if (!S_ISREG(status.st_mode) || status.st_size > largest_bundle) return Problem{path + " is no PEM file"};
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto n = ::read(file.get(), bytes.data() + have, bytes.size() - have);
    if (n < 0) return failed_to("read " + path);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

std::string fnv1a_128(std::string_view bytes) {
  __extension__ using Wide = unsigned __int128;
  constexpr auto wide = [](std::uint64_t high, std::uint64_t low) { return static_cast<Wide>(high) << 64 | low; };
  constexpr Wide prime = wide(0x0000000001000000, 0x000000000000013B);
  Wide hash = wide(0x6C62272E07BB0142, 0x62B821756295C58D);
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * prime;
  char digits[33];
  std::snprintf(digits, sizeof digits, "%016llx%016llx", static_cast<unsigned long long>(hash >> 64),
                static_cast<unsigned long long>(hash));
  return digits;
}

BundleStore::BundleStore(std::string directory, std::string roots)
    : directory_(std::move(directory)), roots_(std::move(roots)) {}

Result<std::string> BundleStore::merged_with(const std::string& base) const {
  struct stat base_status {
  }, roots_status{}, bundle_status{};
  if (::stat(base.c_str(), &base_status) != 0) return failed_to("read " + base);
  if (::stat(roots_.c_str(), &roots_status) != 0) return failed_to("read " + roots_);

  // A symbolic link named by the inputs remembers which bundle they made.
  const std::string link =
      directory_ + "/" + fnv1a_128(identity(base, base_status) + identity(roots_, roots_status)) + ".key";
  char target[64];
  const auto length = ::readlink(link.c_str(), target, sizeof target);
  if (length > 0 && length < static_cast<ssize_t>(sizeof target)) {
    std::string known = directory_ + "/" + std::string(target, static_cast<std::size_t>(length));
    if (::stat(known.c_str(), &bundle_status) == 0 && ::access(base.c_str(), R_OK) == 0 &&
        bundle_status.st_size >= base_status.st_size + roots_status.st_size)
      return known;
  }

  auto bytes = read_pem(base);
  if (!bytes) return bytes;
  auto ours = read_pem(roots_);
  if (!ours) return ours;
  if (bytes->find(*ours) != std::string::npos) return base;
  if (!bytes->empty() && bytes->back() != '\n') *bytes += '\n';
  *bytes += *ours;

  const std::string name = fnv1a_128(*bytes) + ".pem";
  const std::string path = directory_ + "/" + name;
  if (const auto written = write_atomically(path, *bytes); !written) return Problem{written.problem()};
  const std::string fresh = link + "." + std::to_string(::getpid());
  if (::symlink(name.c_str(), fresh.c_str()) == 0 && ::rename(fresh.c_str(), link.c_str()) != 0)
    ::unlink(fresh.c_str());  // only a cache: the next run merges again
  return path;
}
}  // namespace hivemind::run
