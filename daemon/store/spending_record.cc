#include "store/spending_record.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/state_bytes.h"
#include "store/private_file.h"

namespace hivemind {
namespace {
constexpr std::size_t most_bytes = 1u << 20;

// Before the bytes, which know by themselves whether they are whole as far as `size` goes.
struct Head {
  std::uint64_t number, size;
  std::uint64_t sum;  // of the bytes: a write that was cut off leaves the end of an older record behind it
};
}  // namespace

SpendingRecord::SpendingRecord(const std::filesystem::path& directory)
    : files_{directory / "spending.0", directory / "spending.1"} {}

std::string SpendingRecord::load() {
  std::string newest;
  for (const auto& file : files_) {
    const auto found = read_private(file, most_bytes);
    Head head{};
    if (!found || found->size() < sizeof head) continue;
    std::memcpy(&head, found->data(), sizeof head);
    if (head.size > found->size() - sizeof head) continue;
    auto bytes = found->substr(sizeof head, head.size);
    if (head.number <= last_ || head.sum != checksum(bytes)) continue;
    last_ = head.number;
    newest = std::move(bytes);
  }
  return newest;
}

void SpendingRecord::store(const std::string& bytes) {
  if (bytes.empty() || bytes.size() > most_bytes - sizeof(Head)) return;
  const auto which = ++last_ % 2;
  auto& fd = open_[which];
  if (!fd) fd = UniqueFd(::open(files_[which].c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  const Head head{last_, bytes.size(), checksum(bytes)};
  const auto record = std::string(reinterpret_cast<const char*>(&head), sizeof head) + bytes;
  const auto written = fd ? ::pwrite(fd.get(), record.data(), record.size(), 0) : -1;
  if (written == static_cast<ssize_t>(record.size())) {
    complained_ = false;
  } else if (!std::exchange(complained_, true)) {
    spdlog::warn("what budgets spent is not kept file={} error={}", files_[which].string(),
                 written < 0 ? std::strerror(errno) : "the disk is full");
  }
}
}  // namespace hivemind
