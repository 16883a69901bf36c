#include "store/learned_state.h"

#include <openssl/rand.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "store/private_file.h"

namespace hivemind {
namespace {
constexpr std::size_t salt_size = 16, most_bytes = 8u << 20;
}  // namespace

LearnedState::LearnedState(const std::filesystem::path& directory)
    : state_file_(directory / "learned"), salt_file_(directory / "account.salt") {}

std::string LearnedState::salt() {
  if (auto kept = read_private(salt_file_, most_bytes); kept && kept->size() == salt_size) return *kept;
  std::string salt(salt_size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(salt.data()), static_cast<int>(salt.size())) != 1)
    throw std::runtime_error("no randomness");
  if (!replace_private(salt_file_, salt))
    spdlog::warn("accounts will not be recognised by the next daemon file={} error={}", salt_file_.string(),
                 std::strerror(errno));
  return salt;
}

std::string LearnedState::load() const { return read_private(state_file_, most_bytes).value_or(""); }

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
