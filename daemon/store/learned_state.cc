#include "store/learned_state.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "net/unique_fd.h"

namespace hivemind {
namespace {
constexpr std::size_t salt_size = 16, most_bytes = 8u << 20;

// A file of ours, reached through no symbolic link; nullopt otherwise, and when it is too large.
std::optional<std::string> read_private(const std::filesystem::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat about {};
  if (!fd || ::fstat(fd.get(), &about) != 0 || !S_ISREG(about.st_mode) || about.st_uid != ::geteuid() ||
      static_cast<std::uint64_t>(about.st_size) > most_bytes)
    return std::nullopt;
  std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t got = 0;
  while (got < bytes.size()) {
    const auto n = ::read(fd.get(), bytes.data() + got, bytes.size() - got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    got += static_cast<std::size_t>(n);
  }
  return bytes;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// Beside the file first, then in its place. Not synced: after a crash of the machine an older version, or one whose
// checksum says that it is none, costs only what was learned.
bool replace_private(const std::filesystem::path& file, std::string_view bytes) {
  auto beside = file;
  beside += ".new";
  ::unlink(beside.c_str());
  const UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd && write_all(fd.get(), bytes) && ::rename(beside.c_str(), file.c_str()) == 0) return true;
  const int why = errno;
  ::unlink(beside.c_str());
  errno = why;
  return false;
}
}  // namespace

LearnedState::LearnedState(const std::filesystem::path& directory)
    : state_file_(directory / "learned"), salt_file_(directory / "account.salt") {}

std::string LearnedState::salt() {
  if (auto kept = read_private(salt_file_); kept && kept->size() == salt_size) return *kept;
  std::string salt(salt_size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(salt.data()), static_cast<int>(salt.size())) != 1)
    throw std::runtime_error("no randomness");
  if (!replace_private(salt_file_, salt))
    spdlog::warn("accounts will not be recognised by the next daemon file={} error={}", salt_file_.string(),
                 std::strerror(errno));
  return salt;
}

std::string LearnedState::load() const { return read_private(state_file_).value_or(""); }

void LearnedState::store(const std::string& bytes) {
  if (bytes.empty() || bytes == stored_) return;
  if (replace_private(state_file_, bytes)) {
    stored_ = bytes;
    complained_ = false;
  } else if (!std::exchange(complained_, true)) {
    spdlog::warn("what was learned is not kept file={} error={}", state_file_.string(), std::strerror(errno));
  }
}
}  // namespace hivemind
